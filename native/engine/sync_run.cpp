#include "engine/sync_run.hpp"

#include <algorithm>
#include <iterator>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/audit.hpp"
#include "engine/sync_refs.hpp"
#include "engine/sync_remote.hpp"

extern char** environ;

namespace kra {

static void note_report(Disk& disk, const Paths& paths, const std::string& root, const SyncReport& report) {
  note_act(disk, paths, "sync",
           cat(root, ": ", report.state, ", ", report.pushed, " pushed, ", report.pulled, " pulled", report.snapshot.empty() ? "" : cat(", before it ", report.snapshot)));
  for (const auto& path : report.wrote) note_act(disk, paths, "sync", cat(root, "/", path.path, " ", path.why));
}

// Nobody waits long for the end of an editor or a terminal.
constexpr Milliseconds exit_patience{3'000};

static Result<SyncReport> sync_whole(Disk& disk, const Paths& paths, const std::string& root, const SyncRequest& request, const Settings& settings, const Patience& patience,
                                     KeptStore* kept) {
  const auto place = TRY(find_repository(disk, root));
  const auto record = TRY(read_record(disk, paths, place));
  const auto device = TRY(device_name(disk, paths));
  auto turn = TRY(StoreTurn::begin(kept, disk, paths, place, patience));
  SyncWriters writers(paths, place.root);
  auto asking = request;
  asking.writers = &writers;
  auto report = TRY(sync_tree(turn.store(), record, device, asking, settings, patience));
  if (!request.plan && report.state != "nothing") note_report(disk, paths, root, report);
  return report;
}

Value measured_sync(const Result<SyncReport>& report) {
  static constexpr std::string_view failures[] = {"offline", "access", "hook", "quota", "failed"};
  bool ok = report.ok() && std::find(std::begin(failures), std::end(failures), report->state) == std::end(failures);
  return Value::Map{{"operation", "sync"}, {"ok", ok}, {"ms", ok ? report->duration_ms : 0}};
}

Result<SyncReport> sync_root(Disk& disk, const Paths& paths, const std::string& root, const SyncRequest& request, const Settings& settings, const Patience& patience,
                             KeptStore* kept) {
  if (request.reason != "exit") return sync_whole(disk, paths, root, request, settings, patience, kept);
  auto report = sync_whole(disk, paths, root, request, settings, {std::min(patience.until, Clock::now() + exit_patience), patience.stop}, kept);
  const bool late = report ? report->state == "offline" : report.error().fault == Fault::timed_out || report.error().fault == Fault::busy;
  if (!late) return report;
  SyncReport queued = report ? std::move(*report) : SyncReport();
  queued.state = "queued", queued.why = "there was no time for it; the next sync does it";
  return queued;
}

Result<SnapshotMeta> snapshot_root(Disk& disk, const Paths& paths, const std::string& root, const SnapshotRequest& request, const Settings& settings, const Patience& patience,
                                   KeptStore* kept) {
  const auto place = TRY(find_repository(disk, root));
  TRY(read_record(disk, paths, place));
  auto turn = TRY(StoreTurn::begin(kept, disk, paths, place, patience));
  TRY(turn.store().set_excludes(settings.sync.exclude));
  auto taken = TRY(take_snapshot(turn.store(), request, patience));
  TRY(thin_snapshots(turn.store(), static_cast<std::uint64_t>(settings.sync.snapshots_kept), settings.history.daily_for, wall_now(), patience));
  return std::move(taken.meta);
}

std::uint64_t sync_environment() {
  static constexpr std::string_view whole[] = {"HOME", "PATH", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "no_proxy", "NO_PROXY"};
  std::vector<std::string_view> known;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool counts = std::find(std::begin(whole), std::end(whole), name) != std::end(whole) || name.starts_with("GIT_") || name.starts_with("KRA_");
    // How long one waits is said with the request.
    if (counts && name != "KRA_SYNC_PATIENCE_MS") known.push_back(text);
  }
  std::sort(known.begin(), known.end());
  std::string all;
  for (const auto text : known) all += cat(text, "\n");
  return hash64(all);
}

Result<bool> remote_has_moved(Disk& disk, const Paths& paths, const std::string& root, const Patience& patience, KeptStore* kept) {
  const auto place = TRY(find_repository(disk, root));
  const auto record = TRY(read_record(disk, paths, place));
  const auto head = TRY(read_head(disk, place));
  if (head.branch.empty()) return false;
  const auto names = sync_refs(head.branch, record.mode == "track");
  auto turn = TRY(StoreTurn::begin(kept, disk, paths, place, patience));
  const auto answer = TRY(ask_remote(turn.store(), record.url, names.there, patience));
  if (answer.trouble != RemoteTrouble::none) return Error{Fault::unavailable, answer.words};
  // From its file: no git is asked for that.
  const auto known = TRY(list_refs(turn.store().git(), directory_part(names.remote) + "/", patience));
  const auto found = known.find(names.remote);
  return answer.oid != (found == known.end() ? std::string() : found->second);
}

Result<void> schedule_root(Disk& disk, const Paths& paths, const std::string& root, bool on) {
  const auto file = sync_directory(paths, root) + "/scheduled";
  return on ? disk.replace(file, "") : disk.remove(file);
}

SyncFacts facts_of(Disk& disk, const Paths& paths, const std::string& root) {
  SyncFacts facts{.scheduled = disk.info(sync_directory(paths, root) + "/scheduled").ok()};
  if (const auto last = last_report(disk, paths, root)) facts.last_at = last->at, facts.last_began = last->at - last->duration_ms, facts.last_state = last->state, facts.failures = last->failures;
  if (const auto place = find_repository(disk, root)) facts.operation = unfinished_operation(disk, *place);
  // The same for one failure, another for the next and for another device's.
  facts.spread = static_cast<double>(hash64(cat(root, " ", facts.last_at)) % 1000) / 1000;
  return facts;
}

}  // namespace kra
