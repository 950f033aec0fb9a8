// kra exec: what a restored pane runs. As a job of the user's shell (--job) kra becomes the program. In a pane of its own it stays behind the
// program as a shell would: hands it the terminal, gives the user's shell when it stops or ends.
#include <unistd.h>

#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/restore.hpp"
#include "engine/scrollback.hpp"
#include "os/job.hpp"
#include "peers/shell.hpp"

namespace kra::cli {

static const std::vector<std::string>& restore_variables() {
  static const std::vector<std::string> names = {"KRA_RESTORE", "KRA_EDITOR", "KRA_GENERATION"};
  return names;
}

static Program program_of(const PaneProgram& pane) {
  Program program{.argv = pane.argv, .directory = pane.cwd, .unset = restore_variables()};
  if (!pane.editor.empty()) program.environment = {cat("KRA_EDITOR=", pane.editor), cat("KRA_GENERATION=", pane.generation_id)};
  return program;
}

// Shows what would run. True: Enter was pressed.
static bool user_agrees(const PaneProgram& pane, const Terminal& terminal, Console& console) {
  console.flush();
  auto key = terminal.ask(cat("kra: this pane ran ", console.bold(printable(shell_quoted(pane.argv))), "\n     in ", printable(pane.cwd),
                              "\n     It does not start by itself: ", printable(pane.why), ".\n     Enter runs it, any other key gives the shell.\n"));
  return key && (*key == '\r' || *key == '\n');
}

// What tmux would start in this pane now.
static Program shell_of(const TmuxServer& server) {
  const char* pane = std::getenv("TMUX_PANE");
  TmuxScript script;
  for (const char* option : {"#{default-shell}", "#{default-command}"})
    script.command({"display-message", "-p", "-t", pane ? pane : "", option});
  auto answer = run_script(server, script, false, Patience::of(Milliseconds(5000)));
  if (!answer || answer->output.empty()) return pane_shell("", "");
  auto end = answer->output.find('\n');
  auto command = end == std::string::npos ? "" : answer->output.substr(end + 1);
  while (!command.empty() && command.back() == '\n') command.pop_back();
  return pane_shell(answer->output.substr(0, end), command);
}

static ExitCode give_shell(const TmuxServer& server, Console& console) {
  console.flush();
  return fail(console, become(shell_of(server)));
}

// The program is stopped: the user's shell, until it ends. What it ended with.
static int give_shell_meanwhile(const PaneProgram& pane, const TmuxServer& server, const Terminal& terminal, Console& console) {
  console.line("kra: ", printable(pane.argv[0]), " is stopped; `exit` goes back to it");
  console.flush();
  auto shell = Job::start(shell_of(server), terminal);
  if (!shell) return static_cast<int>(fail(console, shell.error()));
  // A shell that suspends itself has nobody to go back to but us.
  while (shell->wait_until_stopped()) shell->go_on(terminal);
  return shell->status();
}

// The program as a job of ours, until it has ended. Gives a status when the pane is over with it: the program ended while the user was in
// the shell, and the user has left that one.
static std::optional<int> supervise(const PaneProgram& pane, const TmuxServer& server, const Terminal& terminal, Console& console) {
  JobControl control;
  const auto ours = terminal.modes();
  auto job = Job::start(program_of(pane), terminal);
  if (!job) {
    console.say(job.error().what);
    return std::nullopt;
  }
  std::optional<int> over;
  while (!over && job->wait_until_stopped()) {
    auto theirs = terminal.modes();
    terminal.give_to(::getpgrp());
    terminal.set_modes(ours);
    int status = give_shell_meanwhile(pane, server, terminal, console);
    if (job->ended()) over = status;
    else terminal.set_modes(theirs), job->go_on(terminal);
  }
  terminal.give_to(::getpgrp());
  terminal.set_modes(ours);
  return over;
}

// In a job of the user's shell: that shell is still there when anything goes wrong.
static ExitCode run_as_job(const PaneProgram& pane, Console& console) {
  auto terminal = Terminal::on(STDIN_FILENO);
  if (pane.asks && (!terminal || !user_agrees(pane, *terminal, console))) return ExitCode::done;
  console.flush();
  return fail(console, become(program_of(pane)));
}

static ExitCode run_in_pane(const PaneProgram& pane, const TmuxServer& server, Console& console) {
  auto terminal = Terminal::on(STDIN_FILENO);
  if (!terminal) return fail(console, {Fault::usage, "kra exec belongs into a pane"});
  if (!pane.asks || user_agrees(pane, *terminal, console))
    if (auto status = supervise(pane, server, *terminal, console)) return static_cast<ExitCode>(*status);
  return give_shell(server, console);
}

// What stood in the pane, where it is kept; what cannot be had is no reason to say anything.
static void show_contents(const Call& call, const PaneProgram& pane, Console& console) {
  if (pane.scrollback.empty()) return;
  auto context = context_of(call);
  if (!context) return;
  auto contents = read_scrollback(context->disk, context->paths, pane.scrollback);
  if (contents) console.line(*contents, "\033[0m"), console.flush();
}

static Result<PaneProgram> program_named(const Call& call) {
  auto context = TRY(context_of(call));
  auto settings = context.settings();
  // A mistake in the settings must not cost the program: the defaults are the careful choice.
  return pane_program(context.disk, context.paths, call.argument(0), settings ? settings->settings : Settings{});
}

static ExitCode run_exec(const Call& call, Console& console) {
  auto pane = program_named(call);
  if (!pane) console.say(pane.error().what);
  if (pane) show_contents(call, *pane, console);
  const bool runs = pane && !pane->argv.empty();
  if (call.has("job")) return runs ? run_as_job(*pane, console) : pane ? ExitCode::done : exit_code_of(pane.error().fault);
  auto server = find_server("", "");
  return runs ? run_in_pane(*pane, server, console) : give_shell(server, console);
}

CommandRow exec_command() {
  return {.name = "exec",
          .group = Group::plumbing,
          .usage = "ID",
          .summary = "run the program of a restored pane",
          .detail = "A restore puts this into panes. The program gets the argument vector that was\n"
                    "saved. When it ends, or cannot be started, the pane's shell is there. A\n"
                    "program that must not start by itself is shown: Enter runs it, any other key\n"
                    "gives the shell.",
          .flags = {{0, "job", "", "become the program (kra's shell files start it so)"}},
          .arguments = {{"ID", "what a restore wrote into KRA_RESTORE"}},
          .least = 1,
          .most = 1,
          .hidden = true,
          .run = run_exec};
}

}  // namespace kra::cli
