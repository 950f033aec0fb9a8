#include "engine/sync.hpp"

#include <thread>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_branch.hpp"
#include "engine/sync_known.hpp"
#include "engine/sync_refs.hpp"
#include "engine/sync_steps.hpp"
#include "engine/tree_memory.hpp"
#include "wire/msgpack.hpp"

namespace kra {

// Of several devices that push without a pause each gets its turn: more rounds, not longer waits, end that.
static constexpr int apply_rounds = 5, push_rounds = 40, longest_pause_ms = 400;

Result<SyncReport> Syncing::run() {
  remove_own_locks(store_.disk(), own_locks(store_), lock_targets(store_.place()));
  TRY(store_.set_excludes(settings_.sync.exclude));
  TRY(forget_other_remote(store_, record_, patience_));
  TRY(settle_slots(store_, device_, patience_));
  TRY(complete_index(store_, patience_));
  head_ = TRY(read_head(store_.disk(), store_.place()));
  if (const auto why = TRY(gate()); !why.empty()) {
    TRY(snapshot());
    return end("held", why);
  }
  beside_ = TRY(beside());
  if (!beside_.empty()) TRY(snapshot());
  const auto refs = sync_refs(branch_name(), track_);
  base_ref_ = refs.base, remote_ref_ = refs.remote, there_ = refs.there;
  for (int round = 0; round < apply_rounds; ++round) {
    ++report_.rounds;
    report_.left.clear();
    if (!TRY(one_round())) return std::move(report_);
    if (std::none_of(left_.begin(), left_.end(), [](const Applied::Left& left) { return left.fault == Fault::conflict || left.fault == Fault::busy; })) break;
    std::this_thread::sleep_for(Milliseconds(patience_.left_ms(50 << round)));
  }
  if (!guard_.empty()) return end("held", guard_ + "; `kra sync --confirm` agrees");
  if (!report_.left.empty()) return end("pending", cat(report_.left.size(), " paths could not be written yet"));
  if (!open_.empty()) return end("pending", cat(open_.size(), " conflicts wait for a decision"));
  return end(report_.pushed + report_.pulled > 0 ? "synced" : "nothing", report_.held.empty() ? "" : cat(report_.held.size(), " paths are held back"));
}

SyncReport Syncing::end(const char* state, const std::string& why) {
  report_.commit = commit_;
  report_.state = state, report_.why = why;
  return std::move(report_);
}

Result<std::string> Syncing::gate() {
  if (const auto operation = unfinished_operation(store_.disk(), store_.place()); !operation.empty()) return cat("a ", operation, " is unfinished");
  return std::string();
}

Result<std::string> Syncing::beside() {
  if (head_.branch.empty()) return std::string("HEAD is on no branch");
  if (!track_) return std::string();
  if (head_.branch != record_.branch) return cat("the branch is ", printable(head_.branch), ", sync moves ", printable(record_.branch));
  if (TRY(has_staged(store_, head_, patience_))) return std::string("changes are staged: commit or unstage them");
  return std::string();
}

Result<void> Syncing::snapshot() {
  if (request_.plan) return {};
  const auto taken = TRY(take_snapshot(store_, {.reason = "sync"}, patience_));
  report_.snapshot = taken.meta.id;
  TRY(thin_snapshots(store_, static_cast<std::uint64_t>(settings_.sync.snapshots_kept), settings_.history.daily_for, wall_now(), patience_));
  return {};
}

Result<bool> Syncing::one_round() {
  left_.clear(), open_.clear();
  index_ = TRY(user_index(store_));
  state_ = TRY(look_at_tree(store_, index_, {}, patience_));
  if (track_ && !TRY(keep_commits(store_, {head_.oid}, patience_)).size() && !head_.oid.empty()) return end_with(RemoteTrouble::other, "the store cannot have the branch's commit");
  for (int attempt = 0; attempt < push_rounds; ++attempt) {
    TRY(know_base());
    assumed_ = attempt == 0 && TRY(may_assume());
    auto answer = TRY(know_remote());
    if (answer.trouble != RemoteTrouble::none) return end_with(answer.trouble, answer.words);
    if (!report_.state.empty() && report_.state == "held") return false;
    if (!TRY(prepare())) return false;
    // Nothing to push after all: then the question is what there is to pull.
    if (assumed_ && !pushes()) continue;
    if (request_.plan) return TRY(tell_plan()), false;
    answer = TRY(push());
    if (answer.trouble == RemoteTrouble::none) return TRY(bring_in()), true;
    if (answer.trouble != RemoteTrouble::moved) return end_with(answer.trouble, answer.words);
    last_words_ = answer.words;
    if (assumed_) continue;
    const int pause_ms = std::min(20 << std::min(attempt, 10), longest_pause_ms);
    std::this_thread::sleep_for(Milliseconds(patience_.left_ms(5 + static_cast<int>(hash_of_device() % static_cast<std::uint64_t>(pause_ms)))));
    if (patience_.over()) break;
  }
  return end_with(RemoteTrouble::offline, cat("others push faster: ", last_words_));
}

std::uint64_t Syncing::hash_of_device() const { return std::hash<std::string>()(cat(device_, Clock::now().time_since_epoch().count())); }

bool Syncing::end_with(RemoteTrouble trouble, const std::string& words) {
  report_.state = trouble_name(trouble), report_.why = words;
  return false;
}

bool Syncing::hold(const std::string& why) {
  report_.state = "held", report_.why = why;
  return false;
}

static std::optional<SyncReport> report_in(Disk& disk, const std::string& file) {
  const auto bytes = disk.read(file, 256U << 20);
  const auto value = bytes ? unpack(*bytes) : Result<Value>(bytes.error());
  SyncReport report;
  if (!value || !from_value(*value, report)) return std::nullopt;
  return report;
}

// All is as it should be, and there is nothing that somebody would look for in it.
static bool names_nothing(const SyncReport& report) {
  const bool well = report.state == "nothing" || report.state == "synced";
  return well && report.snapshot.empty() && report.left.empty() && report.held.empty() && report.large.empty() && report.conflicts.empty();
}

Result<SyncReport> sync_tree(SyncStore& store, const SyncRecord& record, const std::string& device, const SyncRequest& request, const Settings& settings,
                             const Patience& patience) {
  const auto started = Clock::now();
  auto outcome = Syncing(store, record, device, request, settings, patience).run();
  if (!outcome && store.memory()) store.memory()->forget();
  auto report = TRY(std::move(outcome));
  report.at = wall_now().ms;
  report.duration_ms = std::chrono::duration_cast<Milliseconds>(Clock::now() - started).count();
  if (request.plan) return report;
  const auto before = report_in(store.disk(), store.file("outcome"));
  if (report.state == "offline" || report.state == "failed") report.failures = (before ? before->failures : 0) + 1;
  const auto bytes = pack(to_value(report));
  TRY(names_nothing(report) ? store.disk().replace_lightly(store.file("outcome"), bytes) : store.disk().replace(store.file("outcome"), bytes));
  return report;
}

std::optional<SyncReport> last_report(Disk& disk, const Paths& paths, const std::string& root) {
  return report_in(disk, sync_directory(paths, root) + "/outcome");
}

}  // namespace kra
