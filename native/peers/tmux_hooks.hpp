// Our hooks in a tmux server: one table, at an array index of their own, so that nobody else's are touched. A hook starts no process;
// it wakes the one client that waits on the channel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kra {

inline constexpr std::string_view hook_action = "wait-for -S kra";
inline constexpr int hook_index = 187;
inline constexpr std::string_view hook_mark = "@kra_hooks";  // a user option: our hooks are wanted in this server

enum class HookScope { session, window, pane };

struct TmuxHook {
  std::string_view name;
  HookScope scope;  // where tmux keeps it, and where one of the user's can shadow ours
  int since;        // first release that has it, as tmux_release() counts
};
// Session hooks first, then window hooks, then pane hooks.
const std::vector<TmuxHook>& hook_table();

// "window-renamed[187]"
std::string hook_name(const TmuxHook& hook);

// For `tmux source-file -`. Both may run any number of times.
std::string hook_commands();
std::string unhook_commands();

// The commands that put one of our hooks back: everywhere (`target` empty), or where a hook of that session ($1), window (@2) or
// pane (%3) shadows it.
std::string hook_command(const TmuxHook& hook, std::string_view target);

}  // namespace kra
