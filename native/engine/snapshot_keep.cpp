// Which snapshots stay, and how one is carried away.
#include <algorithm>
#include <ctime>

#include "base/text.hpp"
#include "engine/retention.hpp"
#include "engine/snapshot.hpp"
#include "engine/sync_apply.hpp"

namespace kra {
namespace {

// The time in an id, to the second; 0: it is none of ours.
std::int64_t time_in(const std::string& id) {
  std::tm utc{};
  return ::strptime(id.c_str(), "%Y%m%d-%H%M%S", &utc) == nullptr ? 0 : static_cast<std::int64_t>(::timegm(&utc)) * 1000;
}

// What no reference leads to leaves the disk. Not while something may still be waiting for it.
Result<void> free_space(SyncStore& store, const Patience& patience) {
  if (!unfinished_syncs(store).empty()) return {};
  return store.shrink(patience);
}

}  // namespace

Result<std::uint64_t> clean_snapshots(SyncStore& store, std::uint64_t kept, const Patience& patience) {
  if (TRY(list_refs(store.git(), std::string(snapshot_refs), patience)).size() <= kept) return 0;
  const auto list = TRY(list_snapshots(store, patience));
  std::vector<RefChange> changes;
  for (std::size_t at = kept; at < list.size(); ++at) changes.push_back({cat(snapshot_refs, list[at].id), "", ""});
  TRY(change_refs(store.git(), changes, patience));
  TRY(free_space(store, patience));
  return changes.size();
}

Result<void> thin_snapshots(SyncStore& store, std::uint64_t kept, Milliseconds age, WallTime now, const Patience& patience) {
  const auto refs = TRY(list_refs(store.git(), std::string(snapshot_refs), patience));
  if (refs.size() <= kept) return {};
  std::vector<LogEntry> log;
  std::vector<std::string> names;
  for (auto at = refs.rbegin(); at != refs.rend(); ++at) {
    LogEntry entry;
    entry.stamp.generation = names.size(), entry.stamp.saved_at = time_in(at->first.substr(snapshot_refs.size()));
    names.push_back(at->first), log.push_back(entry);
  }
  // Ids tell seconds: of one second either all are among the newest, or none.
  std::stable_sort(log.begin(), log.end(), [](const LogEntry& left, const LogEntry& right) { return left.stamp.saved_at > right.stamp.saved_at; });
  for (std::size_t at = 0; at < log.size(); ++at) log[at].kept = at < kept || (kept > 0 && log[at].stamp.saved_at == log[kept - 1].stamp.saved_at);
  std::vector<RefChange> changes;
  for (const auto which : unwanted(log, {.all_for = Milliseconds(0), .hourly_for = std::chrono::hours(24), .daily_for = age}, now)) changes.push_back({names[which], "", ""});
  return change_refs(store.git(), changes, patience);
}

Result<void> bundle_snapshot(SyncStore& store, const SnapshotMeta& snapshot, const std::string& file, const Patience& patience) {
  TRY(store.git().ask({.arguments = {"bundle", "create", "--quiet", file, cat(snapshot_refs, snapshot.id)}}, patience));
  return {};
}

Result<SnapshotMeta> take_in_bundle(SyncStore& store, const std::string& file, const Patience& patience) {
  TRY(store.disk().info(file));
  const auto heads = TRY_TO("read the bundle", store.git().ask({.arguments = {"bundle", "list-heads", file}}, patience));
  const auto at = heads.find(snapshot_refs);
  if (at == std::string::npos) return Error{Fault::refused, cat(printable(file), " holds no snapshot of kra's")};
  const auto name = heads.substr(at, heads.find('\n', at) - at);
  TRY(store.git().ask({.arguments = {"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", file, cat("+", name, ":", name)}}, patience));
  return find_snapshot(store, name.substr(snapshot_refs.size()), patience);
}

}  // namespace kra
