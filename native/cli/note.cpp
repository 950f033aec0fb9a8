// kra note: what a program tells kra about itself. `note resume` in a pane: how its program is to be started again.
#include <cstdlib>

#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "peers/tmux.hpp"

namespace kra::cli {

// Longer than any argument vector that a person would want back, and short enough for tmux.
static constexpr std::size_t resume_limit = 8192;

static Result<std::string> own_pane() {
  const char* pane = std::getenv("TMUX_PANE");
  std::string id = pane ? pane : "";
  if (id.size() < 2 || id[0] != '%' || id.find_first_not_of("0123456789", 1) != std::string::npos)
    return Error{Fault::usage, "note resume is for a program in a tmux pane ($TMUX_PANE is not set)"};
  return id;
}

static Result<std::vector<std::string>> resume_words(const Call& call, const std::string& pane) {
  std::vector<std::string> argv(call.arguments.begin() + 1, call.arguments.end());
  if (call.has("clear")) {
    if (!argv.empty()) return Error{Fault::usage, "note resume: --clear takes no command"};
    return std::vector<std::string>{"set-option", "-p", "-u", "-t", pane, std::string(resume_option)};
  }
  if (argv.empty() || argv[0].empty()) return Error{Fault::usage, "note resume: needs the command after --: kra note resume -- ARGV..."};
  auto packed = packed_words(argv);
  if (packed.size() > resume_limit) return Error{Fault::usage, cat("note resume: the command is longer than ", resume_limit / 2, " bytes")};
  return std::vector<std::string>{"set-option", "-p", "-t", pane, std::string(resume_option), packed};
}

static ExitCode run_note(const Call& call, Console& console) {
  auto pane = OR_FAIL(own_pane());
  TmuxScript script;
  script.command(OR_FAIL(resume_words(call, pane)));
  auto outcome = OR_FAIL(run_script(find_server("", ""), script, false, Patience::of(Milliseconds(5000))));
  if (!outcome.errors.empty()) return fail(console, {Fault::not_found, cat("tmux: ", printable(split(outcome.errors, "\n")[0]))});
  return ExitCode::done;
}

CommandRow note_command() {
  return {.name = "note",
          .group = Group::plumbing,
          .usage = "resume -- ARGV...",
          .summary = "say how this pane's program is to be resumed",
          .detail = "A program that can take up its work again (a session with an id) says in its\n"
                    "pane with which command. A restore starts that in place of the program, by its\n"
                    "argument vector, without asking; never when the save came from another\n"
                    "machine or an import. It counts until it is cleared or the pane closes.",
          .examples = "kra note resume -- ssh -t host tmux attach\n"
                      "kra note resume --clear",
          .flags = {{0, "clear", "", "forget what was noted"}},
          .arguments = {{"WHAT", "what is noted", "resume", Completes::choice}, {"ARGV", "the command, each argument as it is"}},
          .least = 1,
          .most = any_number,
          .run = run_note};
}

}  // namespace kra::cli
