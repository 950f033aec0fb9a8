// kra restore: a save, or a part of it, into no, an empty or a running tmux server.
#include <csignal>
#include <cstdlib>
#include <unistd.h>

#include "cli/clone.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/measuring.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "engine/lazy.hpp"
#include "engine/restore.hpp"

namespace kra::cli {

static Value texts(const std::vector<std::string>& items) {
  Value::Array array;
  for (const auto& item : items) array.emplace_back(item);
  return array;
}

static Value value_of(const std::string& name, const Generation& generation, const RestoreReport& report, bool dry_run) {
  const auto& plan = report.plan;
  Value::Array programs;
  for (const auto& one : plan.programs)
    programs.push_back(Value::Map{{"pane", one.pane}, {"argv", texts(one.argv)}, {"asks", one.asks}, {"why", one.why}});
  Value::Array missing;
  for (const auto& one : plan.missing) missing.push_back(Value::Map{{"root", one.root}, {"remote", one.remote}, {"branch", one.branch}});
  return Value::Map{{"name", name}, {"generation", generation.stamp.generation}, {"dry_run", dry_run},
                    {"restored", texts(plan.restored)}, {"taken", texts(plan.taken)}, {"replaced", texts(plan.replaced)},
                    {"fresh", texts(plan.fresh)}, {"lazy", texts(plan.lazy)}, {"programs", std::move(programs)},
                    {"missing", std::move(missing)}, {"notes", texts(plan.notes)}, {"steps", texts(plan.steps)}, {"failed", texts(report.failed)},
                    {"complete", !report.incomplete}, {"sessions", report.counts.sessions}, {"windows", report.counts.windows},
                    {"panes", report.counts.panes}, {"editors", report.counts.editors}, {"duration_ms", report.duration_ms}};
}

static std::string names_of(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (const auto& name : names) shown.push_back(printable(name));
  return join(shown, ", ");
}

static void say_notes(const RestoreReport& report, Console& console) {
  const auto& plan = report.plan;
  for (const auto& note : plan.notes) console.line("  ", note);
  for (const auto& line : report.failed) console.say(line);
  int asking = 0;
  for (const auto& program : plan.programs) asking += program.asks ? 1 : 0;
  if (asking > 0) console.line("  ", asking, asking == 1 ? " program waits for Enter in its pane" : " programs wait for Enter in their panes");
  if (!plan.lazy.empty()) console.line("  filled when they are visited: ", names_of(plan.lazy));
  if (!plan.taken.empty())
    console.say(cat("taken, left as they are: ", names_of(plan.taken), "; --rename NEW or --replace (with --session S) decides"));
}

static void tell(const std::string& name, const Generation& generation, const RestoreReport& report, bool dry_run, Console& console) {
  if (dry_run) {
    console.line("would restore ", printable(name), "@", generation.stamp.generation, ":");
    for (const auto& step : report.plan.steps) console.line(step);
  } else if (report.plan.restored.empty()) {
    console.line("restored nothing of ", printable(name), "@", generation.stamp.generation);
  } else {
    console.line("restored ", printable(name), "@", generation.stamp.generation, ": ", text_of(report.counts), ", ", report.duration_ms, " ms");
  }
  say_notes(report, console);
}

static ExitCode attach(const TmuxServer& server, const std::string& session, Console& console) {
  console.flush();
  const char* tmux = std::getenv("TMUX");
  bool inside = tmux && std::string_view(tmux).substr(0, server.socket.size() + 1) == server.socket + ",";
  std::vector<std::string> words{server.program, "-S", server.socket, inside ? "switch-client" : "attach-session"};
  if (!session.empty()) words.insert(words.end(), {"-t", session});
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::signal(SIGHUP, SIG_DFL);
  ::execvp(argv[0], argv.data());
  return fail(console, {Fault::not_found, cat(server.program, " could not be started")});
}

static RestoreOptions options_of(const Call& call) {
  RestoreOptions options;
  options.session = call.value("session"), options.rename = call.value("rename");
  options.replace = call.has("replace"), options.lazy = call.has("lazy"), options.programs = !call.has("no-programs");
  return options;
}

constexpr auto restore_patience = std::chrono::seconds(120);

// The save that is meant; when a server starts, the newest that was written before: what it saved since is not what is wanted back.
static Result<SaveReference> reference_of(const Call& call, Context& context) {
  auto reference = TRY(parse_reference(call.argument(0)));
  if (!call.has("on-start") || !reference.at.empty()) return reference;
  auto live = read_server(context.server, Patience::of(std::chrono::seconds(10)));
  if (live) reference.at = rfc3339({live->start_time * 1000});
  return reference;
}

// Started by a hook: what goes wrong is told where the session is looked at.
static ExitCode wake_session(const Call& call, Context& context, const Settings& settings) {
  const auto patience = Patience::of(restore_patience);
  auto failed = wake(context.disk, context.paths, context.server, call.value("wake"), settings, patience);
  if (failed && failed->empty()) return ExitCode::done;
  const auto what = failed ? join(*failed, "; ") : cat("this session could not be filled: ", failed.error().what);
  tell_visitors(context.server, call.value("wake"), what, patience);
  // Said already; a status of ours would be shown over the pane.
  return ExitCode::done;
}

static bool misses_repositories(Disk& disk, const Workspace& workspace) {
  for (const auto& session : workspace.sessions)
    for (const auto& window : session.windows)
      for (const auto& pane : window.panes)
        if (!pane.repository.empty() && !pane.repository[0].remote.empty() && !disk.info(pane.cwd)) return true;
  return false;
}

// Before anything is made, so that panes start in what is cloned. False: the person has stopped it all.
static bool bring_repositories(const Call& call, Context& context, const std::string& name, const Generation& generation, const Settings& settings,
                               Console& console) {
  const auto terminal = Terminal::on(STDIN_FILENO);
  // In the background, a question would stop us.
  const bool asks = terminal && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  const bool silent = call.json() || call.has("on-start") || call.has("dry-run") || settings.restore.clone_missing != "ask";
  if (silent || !asks || !misses_repositories(context.disk, generation.workspace)) return true;
  auto history = context.history();
  auto planned = restore(history, context.disk, context.paths, context.server, name, generation, options_of(call), settings, true, Patience::of(restore_patience));
  // What stands against it the restore itself will say.
  return !planned || offer_clones(context, planned->plan.missing, *terminal, console);
}

static ExitCode run_restore(const Call& call, Console& console) {
  // The pane that this runs in may be one that is swapped out.
  std::signal(SIGHUP, SIG_IGN);
  auto context = OR_FAIL(context_of(call));
  auto settings = OR_FAIL(context.settings()).settings;
  if (call.has("wake")) return wake_session(call, context, settings);
  auto history = context.history();
  auto reference = OR_FAIL(reference_of(call, context));
  if (!reference.name.empty())
    if (auto there = existing_save(history, reference.name); !there) {
      if (there.error().fault != Fault::not_found) return fail(console, there.error());
      return console.say(there.error().what), ExitCode::nothing;
    }
  auto name = reference.name.empty() ? OR_FAIL(history.current_name()) : reference.name;
  auto generation = history.find(reference, wall_now());
  tell_findings(console, history);
  if (!generation && generation.error().fault == Fault::not_found) {
    if (!call.has("on-start")) console.say(generation.error().what);
    return call.has("on-start") ? ExitCode::done : ExitCode::nothing;
  }
  if (!generation) return fail(console, generation.error());

  bool dry_run = call.has("dry-run");
  auto options = options_of(call);
  if (!bring_repositories(call, context, name, *generation, settings, console)) return fail(console, {Fault::io, "stopped; nothing was restored"});
  // Half a restore would leave sessions under names that nobody knows.
  std::signal(SIGINT, SIG_IGN);
  auto progress = std::make_optional<Progress>(cat("restoring ", printable(name)));
  auto report = restore(history, context.disk, context.paths, context.server, name, *generation, options, settings, dry_run, Patience::of(restore_patience));
  progress.reset();
  std::signal(SIGINT, SIG_DFL);
  if (!dry_run) measured(context, settings, Value::Map{{"operation", "restore"}, {"ok", report.ok()}, {"ms", report ? report->duration_ms : 0}});
  if (!report) return fail(console, report.error());
  if (!dry_run && !reference.name.empty() && !report->plan.restored.empty())
    if (auto set = history.set_current(name); !set) console.say(cat(printable(name), " is not the current save now: ", set.error().what));
  if (call.json()) console.json(value_of(name, *generation, *report, dry_run));
  else if (!call.has("on-start")) tell(name, *generation, *report, dry_run, console);
  if (call.has("attach") && !dry_run) return attach(context.server, report->session, console);
  if (!report->plan.taken.empty() && !call.has("on-start")) return ExitCode::decision;
  return report->incomplete ? ExitCode::failed : ExitCode::done;
}

CommandRow restore_command() {
  return {.name = "restore",
          .group = Group::work,
          .usage = "[NAME[@G]]",
          .summary = "bring a saved workspace back",
          .detail = "Sessions whose name is free are restored in any case. A fresh session (what a\n"
                    "bare `tmux` leaves) is taken over. Any other taken name stays as it is, is\n"
                    "listed, and the exit is 4. --replace saves it first; `kra undo` brings it back.\n"
                    "Programs in restore.programs start again with their arguments; others are\n"
                    "shown in their pane and wait for Enter. On a terminal it asks for each missing\n"
                    "repository whether to clone it from the remote that was saved (see\n"
                    "restore.clone_missing).",
          .examples = "kra restore\nkra restore work@2h --dry-run\nkra restore --session api --rename api-old",
          .flags = {{'s', "session", "S", "only this session"},
                    {0, "lazy", "", "the active session at once, the others when they are visited"},
                    {'n', "dry-run", "", "print each step and each program, do nothing"},
                    {'a', "attach", "", "attach to it afterwards"},
                    {0, "no-programs", "", "start shells only"},
                    {0, "rename", "NEW", "restore the taken session under another name"},
                    {0, "replace", "", "save and replace sessions whose name is taken"},
                    {0, "on-start", "", "for tmux.conf: what was saved before this server started, silently"},
                    {0, "wake", "ID", "for hooks: fill a session that --lazy left for later"}},
          .arguments = {{"NAME[@G]", "a save and its generation (number or time), else the newest of the current one", "", Completes::save}},
          .most = 1,
          .json = true,
          .server = true,
          .run = run_restore};
}

}  // namespace kra::cli
