#include "peers/tmux_hooks.hpp"

#include "base/text.hpp"
#include "peers/tmux.hpp"

namespace kra {

// There is no hook for a changed directory or a changed program before 3.8; the shells tell us about directories. Splitting, killing,
// resizing, swapping and zooming all change the layout.
const std::vector<TmuxHook>& hook_table() {
  static const std::vector<TmuxHook> table = {
      {"session-created", HookScope::session, 0},
      {"session-closed", HookScope::session, 0},
      {"session-renamed", HookScope::session, 0},
      {"session-window-changed", HookScope::session, 0},
      {"client-session-changed", HookScope::session, 0},
      {"client-detached", HookScope::session, 0},
      {"window-linked", HookScope::window, 0},
      {"window-unlinked", HookScope::window, 0},
      {"window-renamed", HookScope::window, 0},
      {"window-layout-changed", HookScope::window, 0},
      {"window-pane-changed", HookScope::window, 0},
      {"pane-exited", HookScope::pane, 0},
      {"pane-title-changed", HookScope::pane, 0},
  };
  return table;
}

std::string hook_name(const TmuxHook& hook) { return cat(hook.name, "[", hook_index, "]"); }

std::string hook_commands() {
  std::string text;
  for (const auto& hook : hook_table()) text += hook_command(hook, "");
  return text + cat("set-option -g ", hook_mark, " 1\n");
}

std::string unhook_commands() {
  std::string text;
  // Only with the index: without it everybody's hooks would go.
  for (const auto& hook : hook_table()) text += cat("set-hook -gu ", tmux_quoted(hook_name(hook)), "\n");
  return text + cat("set-option -gu ", hook_mark, "\n");
}

std::string hook_command(const TmuxHook& hook, std::string_view target) {
  const char* where = hook.scope == HookScope::session ? "" : hook.scope == HookScope::window ? "-w " : "-p ";
  const auto place = target.empty() ? std::string("-g ") : cat(where, "-t ", tmux_quoted(target), " ");
  return cat("set-hook ", place, tmux_quoted(hook_name(hook)), " ", tmux_quoted(hook_action), "\n");
}

}  // namespace kra
