#include "daemon/syncs.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "engine/audit.hpp"

namespace kra {

static constexpr Milliseconds poll_patience{30'000}, exit_patience{3'000};

void Syncs::Dirt::add(const std::string& path, std::uint64_t size, WallTime now) {
  if (sizes.contains(path) || sizes.size() < most) sizes[path] = size;
  else ++more;
  if (since == 0) since = now.ms;
  last = now.ms;
}

void Syncs::Dirt::add(const Dirt& other) {
  for (const auto& [path, size] : other.sizes)
    if (sizes.size() < most) sizes.try_emplace(path, size);
  more += other.more;
  if (other.since != 0) since = since == 0 ? other.since : std::min(since, other.since);
  last = std::max(last, other.last);
}

std::uint64_t Syncs::Dirt::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, size] : sizes) sum += size;
  return sum;
}

Syncs::Syncs(Loop& loop, Parts parts) : parts_(std::move(parts)) {
  lane_.emplace(loop);
  parts_.watching.listen([this](const std::string& root, const std::string& path, std::uint64_t size, const std::string& writer) { heard(root, path, size, writer); });
  reload();
}

void Syncs::reload() {
  std::set<std::string> scheduled;
  if (!stopped_)
    for (const auto& record : all_records(parts_.disk, parts_.paths))
      if (facts_of(parts_.disk, parts_.paths, record.root).scheduled) scheduled.insert(record.root);
  for (auto at = roots_.begin(); at != roots_.end();) {
    const bool stays = scheduled.contains(at->first);
    if (!stays) parts_.watching.release_root(at->first);
    at = stays ? std::next(at) : roots_.erase(at);
  }
  for (const auto& root : scheduled)
    if (roots_.try_emplace(root).second) parts_.watching.hold_root(root);
  plan();
}

SyncFacts Syncs::facts_for(const std::string& name, const Root& root) const {
  auto facts = facts_of(parts_.disk, parts_.paths, name);
  facts.started = root.started, facts.wanted = root.wanted, facts.watched = root.complete;
  facts.dirty_files = root.dirt.sizes.size() + root.dirt.more, facts.dirty_bytes = root.dirt.bytes();
  facts.dirty_since = root.dirt.since, facts.changed_at = root.dirt.last;
  facts.polled_at = root.polled_at, facts.remote_moved = root.remote_moved;
  return facts;
}

SyncDecision Syncs::decision_for(const std::string& name, const Root& root) const {
  return decide_sync(facts_for(name, root), parts_.settings.now().sync, wall_now());
}

void Syncs::plan() {
  due_ = std::nullopt;
  for (auto& [name, root] : roots_) {
    const auto facts = facts_for(name, root);
    // One by hand has seen all of it.
    if (root.dirt.last < facts.last_began && (facts.last_state == "synced" || facts.last_state == "nothing")) root.dirt = {};
    const auto decision = decision_for(name, root);
    auto next = decision.poll_at != 0 ? std::min(decision.poll_at, decision.next_at) : decision.next_at;
    if (next == 0) continue;
    next = std::max(next, root.not_before);
    const auto at = Clock::now() + Milliseconds(std::max<std::int64_t>(next - wall_now().ms, 0));
    if (!due_ || at < *due_) due_ = at;
  }
}

void Syncs::apply_settings() {
  if (!running()) plan();
}

void Syncs::heard(const std::string& name, const std::string& path, std::uint64_t size, const std::string& writer) {
  if (path.empty()) {
    for (auto& [each, root] : roots_) root.complete = false;
    return;
  }
  const auto found = roots_.find(name);
  // What a sync wrote here is no change of ours.
  if (found == roots_.end() || writer == "sync") return;
  auto& dirt = found->second.dirt;
  dirt.add(path, size, wall_now());
  // Between these the moment only moves on, which is seen when it has come.
  const auto count = dirt.sizes.size();
  if (!running() && (count == 1 || count == static_cast<std::size_t>(parts_.settings.now().sync.max_changed_files))) plan();
}

void Syncs::attended(bool somebody) {
  if (somebody == attended_) return;
  attended_ = somebody;
  exit_until_ = somebody ? std::nullopt : std::optional(Clock::now() + exit_patience);
  for (auto& [name, root] : roots_) root.wanted = somebody ? "startup" : "exit";
  if (!running()) plan();
}

void Syncs::stop() { stopped_ = true, due_ = std::nullopt, lane_.reset(), running_.clear(); }

std::optional<Instant> Syncs::due() const { return running() || stopped_ ? std::nullopt : due_; }

void Syncs::ring(Instant now) {
  if (running() || stopped_ || !due_ || *due_ > now) return;
  // What was not reached in time waits for the next who comes.
  if (exit_until_ && *exit_until_ <= now) {
    exit_until_ = std::nullopt;
    for (auto& [name, root] : roots_) root.wanted.clear();
  }
  std::string polls;
  for (auto& [name, root] : roots_) {
    if (root.not_before > wall_now().ms) continue;
    const auto decision = decision_for(name, root);
    if (decision.now) return begin_sync(name, root, decision.reason);
    if (decision.poll_at != 0 && decision.poll_at <= wall_now().ms) polls = name;
    // A wish that was granted by finding that there is nothing to do.
    if (root.wanted == "exit") root.wanted.clear();
  }
  if (!polls.empty()) return begin_poll(polls);
  plan();
}

void Syncs::begin_sync(const std::string& name, Root& root, const std::string& reason) {
  running_ = name;
  root.started = true, root.remote_moved = false, root.wanted.clear();
  root.taken = std::exchange(root.dirt, {});
  root.complete = true;
  const auto& settings = parts_.settings.now();
  const auto until = reason == "exit" && exit_until_ ? *exit_until_ : Clock::now() + settings.sync.lock_timeout;
  SyncRequest request{.reason = reason};
  auto job = [&disk = parts_.disk, &paths = parts_.paths, name, request = std::move(request), settings, until](std::stop_token stop) {
    return sync_root(disk, paths, name, request, settings, Patience{until, stop});
  };
  lane_->post(std::move(job), [this, name](Result<SyncReport> report) { end_sync(name, report); });
}

void Syncs::end_sync(const std::string& name, const Result<SyncReport>& report) {
  running_.clear();
  if (parts_.settings.now().performance.monitor) parts_.metrics.take(measured_sync(report), day_of(wall_now()));
  const auto found = roots_.find(name);
  if (!report) note_act(parts_.disk, parts_.paths, "sync", cat(name, ": ", report.error().what));
  if (found != roots_.end()) {
    auto& root = found->second;
    const auto taken = std::exchange(root.taken, {});
    const bool seen = report && (report->state == "synced" || report->state == "nothing" || report->state == "waiting" || report->state == "pending");
    if (!seen) root.dirt.add(taken), root.complete = false;
    // Nothing that time cures soon: it would be due again at once.
    root.not_before = report ? 0 : wall_now().ms + std::max<std::int64_t>(parts_.settings.now().sync.min_interval.count(), 60'000);
    SyncReport told;
    if (!report) told.state = "failed", told.why = report.error().what;
    // One that somebody else holds up is tried again; so is one that a lock outlived.
    if (report || report.error().fault != Fault::busy) tell(name, root, report ? *report : told);
  }
  reload();
}

void Syncs::begin_poll(const std::string& name) {
  running_ = name;
  auto job = [&disk = parts_.disk, &paths = parts_.paths, name](std::stop_token stop) {
    return remote_has_moved(disk, paths, name, Patience{Clock::now() + poll_patience, stop});
  };
  lane_->post(std::move(job), [this, name](const Result<bool>& moved) {
    running_.clear();
    if (const auto root = roots_.find(name); root != roots_.end()) root->second.polled_at = wall_now().ms, root->second.remote_moved = moved && *moved;
    plan();
  });
}

static std::string cure_for(const std::string& state) {
  if (state == "held") return "kra sync status";
  if (state == "access") return "look at your credentials for the remote, then `kra sync`";
  if (state == "hook") return "the remote's hook says why; mend it, then `kra sync`";
  if (state == "quota") return "make room at the remote, then `kra sync`";
  return "it is tried again by itself; `kra sync status`";
}

// Once for each kind of trouble, not at each try.
void Syncs::tell(const std::string& name, Root& root, const SyncReport& report) {
  const auto& state = report.state;
  const bool well = state == "synced" || state == "nothing" || state == "waiting" || state == "pending" || state == "queued";
  parts_.clients.each([&](Client& client) {
    const Value data = Value::Map{{"ok", well}, {"root", name}, {"state", state}, {"why", report.why}, {"pushed", report.pushed}, {"pulled", report.pulled}, {"duration_ms", report.duration_ms}};
    if (client.hello.client == "nvim") client.tell_editor("sync_done", data);
  });
  root.trouble = well ? "" : cat("sync of ", printable(name), ": ", state == "held" ? "held" : state, ", ", report.why);
  root.cure = well ? "" : cure_for(state);
  if (std::exchange(root.told, well ? "" : state) == state || well || !parts_.settings.now().sync.alert_on_failure) return;
  parts_.notices.tell({.level = state == "offline" ? "warn" : "error", .code = cat("sync-", state), .text = root.trouble, .cure = root.cure}, parts_.servers());
}

Value Syncs::status() const {
  Value::Array rows;
  for (const auto& [name, root] : roots_) {
    const auto decision = decision_for(name, root);
    rows.push_back(Value::Map{{"root", name}, {"running", running_ == name}, {"why", running_ == name ? "it runs now" : decision.why}, {"reason", decision.reason},
                              {"next_at", decision.next_at == 0 ? "" : rfc3339({decision.next_at})}, {"dirty_files", static_cast<std::uint64_t>(root.dirt.sizes.size() + root.dirt.more)},
                              {"dirty_bytes", root.dirt.bytes()}, {"dirty_ms", root.dirt.since == 0 ? 0 : wall_now().ms - root.dirt.since}});
  }
  return rows;
}

void Syncs::add_problems(Value::Array& problems) const {
  for (const auto& [name, root] : roots_)
    if (!root.trouble.empty()) problems.push_back(problem_of("sync", root.trouble, root.cure.c_str()));
}

}  // namespace kra
