#include "engine/sync_run.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "engine/audit.hpp"

namespace kra {

static void note_report(Disk& disk, const Paths& paths, const std::string& root, const SyncReport& report) {
  note_act(disk, paths, "sync",
           cat(root, ": ", report.state, ", ", report.pushed, " pushed, ", report.pulled, " pulled", report.snapshot.empty() ? "" : cat(", before it ", report.snapshot)));
  for (const auto& path : report.wrote) note_act(disk, paths, "sync", cat(root, "/", path.path, " ", path.why));
}

Result<SyncReport> sync_root(Disk& disk, const Paths& paths, const std::string& root, const SyncRequest& request, const Settings& settings, const Patience& patience) {
  const auto place = TRY(find_repository(disk, root));
  const auto record = TRY(read_record(disk, paths, place));
  const auto device = TRY(device_name(disk, paths));
  auto store = TRY(SyncStore::open(disk, paths, place, patience));
  auto report = TRY(sync_tree(store, record, device, request, settings, patience));
  if (!request.plan && report.state != "nothing") note_report(disk, paths, root, report);
  return report;
}

Value measured_sync(const Result<SyncReport>& report) {
  static constexpr std::string_view failures[] = {"offline", "access", "hook", "quota", "failed"};
  bool ok = report.ok() && std::find(std::begin(failures), std::end(failures), report->state) == std::end(failures);
  return Value::Map{{"operation", "sync"}, {"ok", ok}, {"ms", ok ? report->duration_ms : 0}};
}

Result<void> schedule_root(Disk& disk, const Paths& paths, const std::string& root, bool on) {
  const auto file = sync_directory(paths, root) + "/scheduled";
  return on ? disk.replace(file, "") : disk.remove(file);
}

SyncFacts facts_of(Disk& disk, const Paths& paths, const std::string& root) {
  SyncFacts facts{.scheduled = disk.info(sync_directory(paths, root) + "/scheduled").ok()};
  if (const auto last = last_report(disk, paths, root)) facts.last_at = last->at, facts.last_state = last->state, facts.failures = last->failures;
  return facts;
}

}  // namespace kra
