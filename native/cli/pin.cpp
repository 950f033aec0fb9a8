// kra pin: the pin of the editor in a tmux pane, for the key of kra.tmux (@kra-pin-key). No key is sent into the pane.
#include "cli/asking.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"

namespace kra::cli {

static constexpr Milliseconds pin_time{3000};

static ExitCode run_pin(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  Value param = Value::Map{{"server", context.server.socket}, {"pane", call.argument(0)}};
  auto answer = OR_FAIL(ask_daemon(context, Start::never, "pin", std::move(param), pin_time));
  if (!answer || !(*answer)["editor"].flag_or(false)) {
    console.say("no connected Neovim in this pane");
    return ExitCode::nothing;
  }
  console.line((*answer)["said"].text_or(""));
  return ExitCode::done;
}

CommandRow pin_command() {
  return {.name = "pin",
          .group = Group::plumbing,
          .usage = "PANE",
          .summary = "pin the window of the Neovim in a pane, or let it go",
          .detail = "As :KraPin there. The key of @kra-pin-key runs it.",
          .examples = "kra pin %3",
          .arguments = {{"PANE", "a pane id of tmux", "", Completes::nothing}},
          .least = 1,
          .most = 1,
          .server = true,
          .hidden = true,
          .run = run_pin};
}

}  // namespace kra::cli
