// kra tmux: what kra.tmux and people's own configurations pipe into `tmux source-file -`.
#include "cli/table.hpp"
#include "peers/tmux_hooks.hpp"

namespace kra::cli {

static ExitCode run_tmux(const Call& call, Console& console) {
  console.out(call.argument(0) == "hooks" ? hook_commands() : unhook_commands());
  return ExitCode::done;
}

CommandRow tmux_command() {
  return {.name = "tmux",
          .group = Group::plumbing,
          .usage = "hooks|unhook",
          .summary = "print the tmux commands that set our hooks, or take them away",
          .detail = "The hooks have an index of their own, so that nobody else's are touched. They\n"
                    "start no process; `kra tmux-watch` waits for them.",
          .examples = "kra tmux hooks | tmux source-file -",
          .arguments = {{"WHAT", "which commands", "hooks|unhook", Completes::choice}},
          .least = 1,
          .most = 1,
          .hidden = true,
          .run = run_tmux};
}

}  // namespace kra::cli
