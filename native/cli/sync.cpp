// kra sync: one command with subcommands; what each does is in engine/sync.hpp and its neighbours.
#include <cstdlib>
#include <filesystem>

#include "base/record.hpp"
#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/measuring.hpp"
#include "cli/sync_context.hpp"
#include "cli/table.hpp"
#include "engine/sync_run.hpp"

namespace kra::cli {

Result<RepositoryPlace> place_of(Context& context, const std::string& directory) {
  std::error_code wrong;
  const auto path = std::filesystem::canonical(directory.empty() ? "." : directory, wrong);
  if (wrong) return Error{Fault::not_found, cat(printable(directory), ": ", wrong.message())};
  auto root = find_root(context.disk, path.string());
  // A bare repository has no work tree at or above it: say that instead.
  if (!root) return find_repository(context.disk, path.string());
  return find_repository(context.disk, *root);
}

Patience sync_patience() {
  const char* text = std::getenv("KRA_SYNC_PATIENCE_MS");
  return Patience::of(Milliseconds(text ? parse_int(text).value_or(120'000) : 120'000));
}

Result<SyncStore> store_of(Context& context, const RepositoryPlace& place) {
  auto settings = TRY(context.settings());
  auto store = TRY(SyncStore::open(context.disk, context.paths, place, sync_patience()));
  TRY(store.set_excludes(settings.settings.sync.exclude));
  return store;
}

ExitCode exit_code_of(const SyncReport& report) {
  if (report.state == "synced" || report.state == "nothing" || report.state == "queued" || report.state == "plan") return ExitCode::done;
  if (report.state == "held" || report.state == "pending" || report.state == "waiting") return ExitCode::decision;
  return ExitCode::failed;
}

static void tell_paths(Console& console, const char* what, const std::vector<SyncReport::Path>& paths) {
  constexpr std::size_t most = 20;
  for (std::size_t at = 0; at < paths.size() && at < most; ++at) {
    // What went wrong begins with where.
    const auto name = printable(paths[at].path);
    auto why = printable(paths[at].why);
    if (why.starts_with(name + ": ")) why.erase(0, name.size() + 2);
    console.line("  ", what, " ", name, ": ", why);
  }
  if (paths.size() > most) console.line("  … and ", paths.size() - most, " more");
}

// Of trouble with the remote: nothing was written here, and what has changed stays.
static std::string_view cure_of(std::string_view state) {
  if (state == "offline") return "; nothing was changed, `kra sync` tries again";
  if (state == "access") return "; nothing was changed: see that `git ls-remote` gets in without a question";
  if (state == "hook") return "; nothing was changed: it must agree before this can be pushed";
  if (state == "quota") return "; nothing was changed: make room at the remote";
  return "";
}

void tell(Console& console, const SyncReport& report) {
  if (report.state == "plan") {
    console.line(report.writes.size(), " to write here, ", report.pushes.size(), " to push");
    for (const auto& write : report.writes) console.line("  here    ", write.why, " ", printable(write.path));
    for (const auto& push : report.pushes) console.line("  remote  ", push.why, " ", printable(push.path));
    return;
  }
  if (report.state == "nothing") console.line("nothing to sync", report.why.empty() ? "" : cat("; ", printable(report.why)));
  else if (report.state == "synced") console.line("synced: ", report.pushed, " pushed, ", report.pulled, " pulled, ", duration_text(report.duration_ms));
  else console.line(report.state, ": ", printable(report.why), cure_of(report.state));
  tell_paths(console, "left", report.left);
  tell_paths(console, "held", report.held);
  tell_paths(console, "large", report.large);
  for (const auto& conflict : report.conflicts)
    console.line("  conflict ", conflict.id, " ", printable(conflict.path), ": ", conflict.what, conflict.copy.empty() ? "" : cat("; theirs is ", printable(conflict.copy)));
}

Result<void> has_git() {
  TRY(git_version(Patience::of(Milliseconds(5000))));
  return {};
}

std::optional<Result<Value>> done_by_daemon(const Context& context, std::string_view method, const std::string& root, Value param) {
  const auto patience = std::chrono::duration_cast<Milliseconds>(sync_patience().until - Clock::now());
  param.set("root", root);
  param.set("environment", static_cast<std::int64_t>(sync_environment() & 0x7fffffffffffffffULL));
  param.set("patience_ms", patience.count());
  // It ends in time by itself.
  const auto answer = ask_daemon(context, Start::never, method, std::move(param), patience + Milliseconds(10'000));
  if (!answer || !*answer || !(**answer)["ran"].flag_or(false)) return std::nullopt;
  const auto& said = **answer;
  if (const auto what = said["what"].text_or(""); !what.empty()) return Result<Value>(Error{static_cast<Fault>(said["fault"].number_or(0)), what});
  return Result<Value>(said);
}

// By the daemon, which remembers the tree, when it syncs this root anyway.
static Result<SyncReport> report_of(Context& context, const std::string& root, const SyncRequest& request, const Settings& settings) {
  const Value param = Value::Map{{"reason", request.reason}, {"pull", request.pull}, {"push", request.push}, {"plan", request.plan}, {"confirmed", request.confirmed}};
  if (request.reason != "exit")
    if (auto said = done_by_daemon(context, "sync_now", root, param)) {
      if (!*said) return std::move(said->error());
      SyncReport report;
      TRY(from_value((**said)["report"], report));
      return report;
    }
  TRY(has_git());
  auto outcome = sync_root(context.disk, context.paths, root, request, settings, sync_patience());
  if (!request.plan) measured(context, settings, measured_sync(outcome));
  return outcome;
}

static ExitCode run_now(const Call& call, Context& context, Console& console, const std::string& directory, SyncRequest request) {
  const auto place = OR_FAIL(place_of(context, directory));
  const auto settings = OR_FAIL(context.settings());
  const auto report = OR_FAIL(report_of(context, place.root, request, settings.settings));
  if (call.json()) {
    auto value = to_value(report);
    value.set("at", rfc3339({report.at}));
    console.json(value);
  } else {
    tell(console, report);
  }
  return exit_code_of(report);
}

static ExitCode run_sync(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  SyncRequest request;
  if (!call.value("reason").empty()) request.reason = call.value("reason");
  request.confirmed = call.has("confirm");
  auto rest = call.arguments;
  const auto word = rest.empty() ? std::string() : rest.front();
  if (!rest.empty()) rest.erase(rest.begin());
  struct Row {
    std::string_view name;
    ExitCode (*run)(const Call&, Context&, Console&, const std::vector<std::string>&);
  };
  for (const auto& row : {Row{"enable", run_sync_enable}, Row{"disable", run_sync_disable}, Row{"status", run_sync_status}, Row{"snapshot", run_sync_snapshot},
                          Row{"snapshots", run_sync_snapshots}, Row{"cleanup", run_sync_cleanup}, Row{"rollback", run_sync_rollback}, Row{"undo", run_sync_undo},
                          Row{"conflicts", run_sync_conflicts}, Row{"start", run_sync_start}, Row{"stop", run_sync_stop}, Row{"emergency-stop", run_sync_emergency_stop}})
    if (word == row.name) {
      if (row.run != run_sync_snapshot) OR_FAIL(has_git());
      return row.run(call, context, console, rest);
    }
  const auto root = rest.empty() ? std::string() : rest.front();
  if (word == "pull") return request.push = false, run_now(call, context, console, root, request);
  if (word == "push") return request.pull = false, run_now(call, context, console, root, request);
  if (word == "plan") return request.plan = true, run_now(call, context, console, root, request);
  return run_now(call, context, console, word, request);
}

CommandRow sync_command() {
  return {.name = "sync",
          .group = Group::work,
          .usage = "[ROOT | SUBCOMMAND …]",
          .summary = "bring a git work tree and its remote together",
          .detail = "Without a subcommand: pull and push now. Others may go on writing meanwhile: a\n"
                    "file is replaced only while it still is what was read, and what cannot be\n"
                    "merged is kept twice. Mode `shadow` (the default) leaves your branch and index\n"
                    "alone and syncs through refs/kra/sync/BRANCH; `track` moves the branch.\n"
                    "\n"
                    "enable, disable     agree to sync this work tree; before that no git runs in it\n"
                    "pull, push, plan    one direction; what would be written, without writing\n"
                    "status              how the last sync ended, what is pending\n"
                    "snapshot, snapshots keep everything as it is now; list what is kept\n"
                    "rollback ID, undo   back to a snapshot (or FILE.bundle), exactly; back before\n"
                    "                    the last rollback, or before what the last sync wrote\n"
                    "conflicts           list, show ID, take ours|theirs|both ID\n"
                    "cleanup N           forget all but the newest N snapshots\n"
                    "start, stop         sync by itself every sync.interval, or no longer\n"
                    "emergency-stop      stop all of them, the one that runs too\n"
                    "\n"
                    "Ends with 4 when something waits for you, 1 when the remote could not be had.",
          .examples = "kra sync enable --mode track   sync this branch with its remote\n"
                      "kra sync                       pull and push now\n"
                      "kra sync plan                  what that would do\n"
                      "kra sync rollback 20260501     back to how it was",
          .flags = {{0, "mode", "MODE", "of enable: shadow or track"},
                    {'y', "yes", "", "do not ask"},
                    {0, "reason", "WHY", "startup, scheduled, threshold, exit: not by hand"},
                    {0, "confirm", "", "agree to what a guard holds (many deletions, rewritten history)"},
                    {0, "bundle", "FILE", "of snapshot: also write it to a git bundle, for `rollback`", Completes::file},
                    {0, "ignored", "", "of snapshot: with the files that git ignores"}},
          .arguments = {{"SUBCOMMAND", "what to do, or the directory of a work tree (with a slash)", "enable|disable|pull|push|plan|status|snapshot|snapshots|rollback|undo|conflicts|cleanup|start|stop|emergency-stop",
                         Completes::choice, true},
                        {"…", "of the subcommand"}},
          .most = 4,
          .json = true,
          .run = run_sync};
}

}  // namespace kra::cli
