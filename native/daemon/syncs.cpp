#include "daemon/syncs.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "engine/audit.hpp"

namespace kra {

Syncs::Syncs(Loop& loop, SettingsFile& settings, Metrics& metrics, Disk& disk, const Paths& paths)
    : settings_(settings), metrics_(metrics), disk_(disk), paths_(paths) {
  lane_.emplace(loop);
  reload();
}

SyncDecision Syncs::decision_for(const std::string& root) const {
  auto facts = facts_of(disk_, paths_, root);
  facts.started = started_.contains(root);
  return decide_sync(facts, settings_.now().sync, wall_now());
}

void Syncs::reload() {
  roots_.clear();
  due_ = std::nullopt;
  for (const auto& record : all_records(disk_, paths_)) {
    const auto decision = decision_for(record.root);
    if (decision.next_at == 0) continue;
    roots_.push_back(record.root);
    const auto at = Clock::now() + Milliseconds(std::max<std::int64_t>(decision.next_at - wall_now().ms, 0));
    if (!due_ || at < *due_) due_ = at;
  }
}

void Syncs::stop() { stopped_ = true, due_ = std::nullopt, lane_.reset(), running_ = false; }

std::optional<Instant> Syncs::due() const { return running_ || stopped_ ? std::nullopt : due_; }

void Syncs::ring(Instant now) {
  if (running_ || stopped_ || !due_ || *due_ > now) return;
  const auto next = std::find_if(roots_.begin(), roots_.end(), [&](const std::string& root) { return decision_for(root).now; });
  if (next == roots_.end()) return reload();
  started_.insert(*next);
  running_ = true;
  SyncRequest request{.reason = decision_for(*next).reason};
  auto job = [root = *next, request = std::move(request), settings = settings_.now(), this](std::stop_token stop) {
    return sync_root(disk_, paths_, root, request, settings, Patience{Clock::now() + settings.sync.lock_timeout, stop});
  };
  lane_->post(std::move(job), [this, root = *next](Result<SyncReport> report) {
    running_ = false;
    if (settings_.now().performance.monitor) metrics_.take(measured_sync(report), day_of(wall_now()));
    if (!report) {
      note_act(disk_, paths_, "sync", cat(root, ": ", report.error().what));
      // Nothing that time cures: it would be due again at once.
      if (report.error().fault != Fault::busy) (void)schedule_root(disk_, paths_, root, false);
    }
    reload();
  });
}

}  // namespace kra
