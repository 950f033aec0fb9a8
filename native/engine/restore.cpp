#include "engine/restore.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "base/version.hpp"
#include "engine/audit.hpp"
#include "engine/carry_out.hpp"
#include "engine/fresh.hpp"
#include "engine/lazy.hpp"
#include "engine/save.hpp"
#include "engine/undo.hpp"
#include "model/config.hpp"
#include "peers/daemon_client.hpp"

namespace kra {

namespace {

// A daemon that is stopped or drowned does not save either, and is no reason to wait.
constexpr Milliseconds daemon_patience{500};

// No autosave while the daemon's lease lasts; it ends with this connection. Without a daemon there is nobody who saves by himself.
std::optional<DaemonClient> daemon_lease(const Paths& paths, const TmuxServer& server) {
  const auto patience = Patience::of(daemon_patience);
  auto daemon = reach(paths, version(), Start::never, patience);
  if (!daemon) return {};
  constexpr int lease_ms = 120'000;
  auto lease = daemon->request("lease", Value::Map{{"name", "LoadInProgress"}, {"ttl_ms", lease_ms}, {"server", server.socket}}, patience);
  if (!lease) return {};
  return std::optional<DaemonClient>(std::move(*daemon));
}

// What the daemon answers, however long it takes, unless it speaks to nobody any more: then timed_out.
Result<Value> ask_while_it_lives(DaemonClient& daemon, const Paths& paths, std::string_view method, Value param, const Patience& patience) {
  constexpr Milliseconds look_again{1'000};
  std::stop_source gone;
  std::jthread watch([&](const std::stop_token& answered) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any over;
    while (!over.wait_for(lock, answered, look_again, [&] { return answered.stop_requested(); }))
      if (auto greeted = reach(paths, version(), Start::never, patience); !greeted) return void(gone.request_stop());
  });
  auto answer = daemon.request(method, std::move(param), Patience{patience.until, gone.get_token()});
  if (!answer && gone.stop_requested()) return Error{Fault::timed_out, "the daemon has stopped answering"};
  return answer;
}

// The workspace as it is before something in it is replaced: saved, with its editors when the daemon knows them.
Result<Workspace> save_before(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const Settings& settings,
                              const Patience& patience) {
  auto name = TRY(history.current_name());
  if (auto daemon = reach(paths, version(), Start::never, Patience::of(daemon_patience))) {
    auto saved = ask_while_it_lives(*daemon, paths, "save", Value::Map{{"server", server.socket}, {"reason", "replaced"}}, patience);
    // It may hold what its editors told, and the lock of the saves: what we could save now would be less.
    if (!saved && saved.error().fault == Fault::timed_out)
      return Error{Fault::timed_out, cat(saved.error().what, ", so nothing was replaced; `kra daemon stop` ends it")};
    if (saved) return std::move(TRY(history.newest((*saved)["name"].text_or(name))).workspace);
  }
  SaveRequest request;
  request.reason = "replaced";
  auto saved = TRY(save(history, disk, paths, server, request, settings, patience));
  return TRY(history.newest(saved.name)).workspace;
}

}  // namespace

Result<void> keep_replaced(const Plan& plan, History& history, Disk& disk, const Paths& paths, const TmuxServer& server,
                           const Settings& settings, const Patience& patience) {
  if (plan.words.replaced.empty()) return {};
  auto workspace = TRY_TO("save what is to be replaced", save_before(history, disk, paths, server, settings, patience));
  for (const auto& name : plan.words.replaced) TRY(record_swapped(disk, paths, server, workspace, name, Swapped::replaced, patience));
  return {};
}

// Fresh as it seems, it may be somebody's: what little can be told of it can be had back.
static Result<void> keep_fresh(const Plan& plan, Disk& disk, const Paths& paths, const TmuxServer& server, const Settings& settings,
                               const Patience& patience) {
  if (plan.words.fresh.empty()) return {};
  auto workspace = TRY(capture(disk, paths, server, {}, settings, patience)).workspace;
  for (auto& session : workspace.sessions)
    // With us in front the pane's program is this restore.
    if (std::find(plan.words.fresh.begin(), plan.words.fresh.end(), session.name) != plan.words.fresh.end())
      for (auto& window : session.windows)
        for (auto& pane : window.panes) pane.argv.clear();
  for (const auto& name : plan.words.fresh) TRY(record_swapped(disk, paths, server, workspace, name, Swapped::fresh, patience));
  return {};
}

Result<void> expect_swapped(const Plan& plan, Disk& disk, const Paths& paths, const TmuxServer& server) {
  auto names = plan.words.fresh;
  names.insert(names.end(), plan.words.replaced.begin(), plan.words.replaced.end());
  if (names.empty()) return {};
  return expect_closed(disk, paths, server, names);
}

namespace {

// Then the newest generation describes the server, and what is closed from now on can be told.
bool is_all_of_newest(History& history, const std::string& name, const Generation& generation, const RestoreOptions& options, const Plan& plan) {
  if (!options.session.empty() || !options.rename.empty() || !plan.words.taken.empty()) return false;
  auto log = history.log(name);
  return log && !log->empty() && log->front().stamp.generation == generation.stamp.generation;
}

// The session that is wanted first does not wait for the others, and whoever attaches to it does not wait for all of them.
std::vector<Range> ranges_of(const Plan& plan, bool lazy) {
  constexpr std::size_t at_once = 6;
  auto count = plan.sessions.size();
  if (!lazy || plan.active != 0 || count < 2) return {};
  std::vector<Range> ranges{{0, 1}};
  bool independent = std::all_of(plan.sessions.begin() + 1, plan.sessions.end(), [](const auto& one) { return one.lazy; });
  for (std::size_t from = 1; from < count; from = ranges.back().to) ranges.push_back({from, independent ? std::min(from + at_once, count) : count});
  return ranges;
}

}  // namespace

Result<RestoreReport> restore(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name,
                              const Generation& generation, const RestoreOptions& options, const Settings& settings, bool dry_run,
                              const Patience& patience) {
  auto began = Clock::now();
  auto lock = TRY(lock_server(paths, server, Patience::of(Milliseconds(0))));
  auto live = TRY(look(server, patience));
  if (live && restore_is_under_way(live->restoring)) return Error{Fault::busy, "another restore is under way in this tmux server"};
  auto facts = facts_of(disk, live ? fresh_sessions(server, *live, patience) : std::set<std::string>());
  StoredId base{false, server.key(), directory_name(name), generation.stamp.generation};
  auto plan = TRY(make_plan(generation, base, live ? &*live : nullptr, options, live ? in_server(settings, live->options) : settings, facts));
  RestoreReport report;
  report.plan = plan.words;
  if (dry_run || plan.sessions.empty()) return report;

  // Before anything is saved or starts: panes read their programs from it, and thinning after a save must not take it away.
  if (auto marked = history.mark_restored_from(name, generation.stamp.generation); !marked)
    report.plan.notes.push_back(cat("restored all the same, but not noted: ", marked.error().what));
  TRY(keep_replaced(plan, history, disk, paths, server, settings, patience));
  if (auto kept = keep_fresh(plan, disk, paths, server, settings, patience); !kept)
    report.plan.notes.push_back(cat("the fresh session cannot be had back: ", kept.error().what));
  auto lease = daemon_lease(paths, server);
  if (!plan.words.lazy.empty() && live) TRY(run_script(server, watch_visits(own_program()), false, patience));
  auto carried = TRY(carry_out(plan, server, !live, ranges_of(plan, options.lazy), patience));
  if (!plan.words.lazy.empty() && !live) TRY(run_script(server, watch_visits(own_program()), false, patience));
  // All is back by now: what cannot be written down is told and costs nothing else.
  bool whole = carried.failed.empty() && is_all_of_newest(history, name, generation, options, plan);
  auto noted = expect_swapped(plan, disk, paths, server);
  if (noted && whole) noted = note_run(disk, paths, server, name, carried.server);
  if (!noted) report.plan.notes.push_back(cat("undo may miss what is closed next: ", noted.error().what));
  report.counts = carried.counts, report.failed = std::move(carried.failed), report.incomplete = carried.incomplete;
  if (plan.active >= 0) report.session = carried.made[static_cast<std::size_t>(plan.active)].id;
  report.duration_ms = std::chrono::duration_cast<Milliseconds>(Clock::now() - began).count();
  note_act(disk, paths, "restore", cat(name, "@", generation.stamp.generation, ": ", text_of(report.counts), report.incomplete ? ", not all" : "", " into ", server.socket));
  return report;
}

}  // namespace kra
