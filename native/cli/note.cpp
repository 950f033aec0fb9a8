// kra note: what a program tells kra about itself. `note resume` in a pane: how its program is to be started again.
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/edit_notes.hpp"
#include "engine/privacy.hpp"
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

// The file itself where there is one, links followed; else the path made absolute.
static std::string full_path(const std::string& path) {
  char found[PATH_MAX];
  if (::realpath(path.c_str(), found)) return found;
  if (path.starts_with('/') || !::getcwd(found, sizeof found)) return path;
  return cat(found, "/", path);
}

// The live part and `kra changes` read who it was; a path that is private is not even written down here.
static ExitCode note_edit(const Call& call, Console& console) {
  const auto path = call.argument(1), by = call.value("by");
  if (path.empty() || by.empty()) return fail(console, {Fault::usage, "note edit: needs a file and who changed it: kra note edit PATH --by WHO"});
  if (call.arguments.size() > 2) return fail(console, {Fault::usage, cat("note: unexpected ", printable(call.argument(2)))});
  if (by.size() > 256 || path.size() >= 4096) return fail(console, {Fault::usage, "note edit: the path or the name is too long"});
  auto context = OR_FAIL(context_of(call));
  const auto full = full_path(path);
  const auto settings = OR_FAIL(context.settings()).settings;
  if (Privacy(settings.privacy_exclude).excludes(full, "/")) return console.say("not noted: the file is under privacy.exclude"), ExitCode::done;
  OR_FAIL(add_edit_note(context.disk, context.paths, {full, by, wall_now().ms}, Patience::of(Milliseconds(2000))));
  return ExitCode::done;
}

static ExitCode run_note(const Call& call, Console& console) {
  if (call.argument(0) == "edit") return note_edit(call, console);
  if (call.has("by")) return fail(console, {Fault::usage, "note: --by belongs to note edit"});
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
          .usage = "resume -- ARGV... | edit PATH --by WHO",
          .summary = "say how this pane's program is to be resumed, or who changed a file",
          .detail = "A program that can take up its work again (a session with an id) says in its\n"
                    "pane with which command. A restore starts that in place of the program, by its\n"
                    "argument vector, without asking; never when the save came from another\n"
                    "machine or an import. It counts until it is cleared or the pane closes.\n"
                    "\n"
                    "A program that writes files says with `edit` that it has changed one. The newest\n"
                    "256 to 512 KB of such notes are kept, in notes.journal of the state directory.",
          .examples = "kra note resume -- ssh -t host tmux attach\n"
                      "kra note resume --clear\n"
                      "kra note edit src/main.c --by agent",
          .flags = {{0, "clear", "", "forget what was noted"}, {0, "by", "WHO", "who changed the file: a name of your choice"}},
          .arguments = {{"WHAT", "what is noted", "resume|edit", Completes::choice}, {"ARGV", "the command, each argument as it is; or the file"}},
          .least = 1,
          .most = any_number,
          .run = run_note};
}

}  // namespace kra::cli
