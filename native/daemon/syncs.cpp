#include "daemon/syncs.hpp"

#include <algorithm>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/audit.hpp"

namespace kra {

static constexpr Milliseconds poll_patience{30'000}, exit_patience{3'000}, longest_patience{600'000}, tidy_patience{120'000};
// For so long the next one need not wait for its gits to start.
static constexpr std::chrono::seconds gits_stay{60};

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

std::string Syncs::Kept::below_root(const std::string& path) const { return path.size() > root.size() ? path.substr(root == "/" ? 1 : root.size() + 1) : std::string(); }

ChangeFeed::Changes Syncs::Kept::changes() {
  const auto touched = calls.ask([this] { return watching.touched(root); }, stop);
  if (!touched) return {};
  Changes changes{.everywhere = touched->everywhere, .paths = {}, .losses = touched->losses};
  for (const auto& path : touched->paths) changes.paths.insert(below_root(path));
  return changes;
}

std::set<std::string> Syncs::Kept::watched() {
  const auto paths = calls.ask([this] { return watching.watched_below(root); }, stop);
  std::set<std::string> below;
  if (paths)
    for (const auto& path : *paths) below.insert(below_root(path));
  return below;
}

Syncs::Syncs(Loop& loop, Parts parts) : parts_(std::move(parts)), calls_(loop) {
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
    if (!stays && at->second.kept && lane_) lane_->post([kept = at->second.kept](std::stop_token) { return kept->store.close(), true; }, [](bool) {});
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
    if (root.hang_up && (!due_ || *root.hang_up < *due_)) due_ = root.hang_up;
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
  for (auto& [name, root] : roots_)
    if (root.hang_up && *root.hang_up <= now) return begin_hang_up(name, root);
  // What was not reached in time waits for the next who comes.
  if (exit_until_ && *exit_until_ <= now) {
    exit_until_ = std::nullopt;
    for (auto& [name, root] : roots_) root.wanted.clear();
  }
  std::string polls;
  for (auto& [name, root] : roots_) {
    if (root.not_before > wall_now().ms) continue;
    const auto decision = decision_for(name, root);
    if (decision.now) {
      const bool exits = decision.reason == "exit" && exit_until_;
      const auto until = exits ? *exit_until_ : Clock::now() + parts_.settings.now().sync.lock_timeout;
      return begin_sync(name, root, {.reason = decision.reason}, until);
    }
    if (decision.poll_at != 0 && decision.poll_at <= wall_now().ms) polls = name;
    // A wish that was granted by finding that there is nothing to do.
    if (root.wanted == "exit") root.wanted.clear();
  }
  if (!polls.empty()) return begin_poll(polls);
  plan();
}

void Syncs::begin_sync(const std::string& name, Root& root, SyncRequest request, Instant until, std::optional<Reply> asked) {
  running_ = name;
  // A plan leaves everything as it is, one direction half of it.
  if (!request.plan && request.pull && request.push) {
    root.started = true, root.remote_moved = false, root.wanted.clear();
    root.taken = std::exchange(root.dirt, {});
    root.complete = true;
  }
  if (!root.kept) root.kept = std::make_shared<Kept>(calls_, parts_.watching, name);
  const auto& settings = parts_.settings.now();
  auto job = [&disk = parts_.disk, &paths = parts_.paths, kept = root.kept, request = std::move(request), settings, until](std::stop_token stop) {
    kept->stop = stop;
    return sync_root(disk, paths, kept->root, request, settings, Patience{until, stop}, &kept->store);
  };
  lane_->post(std::move(job), [this, name, asked](Result<SyncReport> report) { end_sync(name, report, asked); });
}

// Of a request: its root, when it can be done here and now.
Syncs::Root* Syncs::free_root(const Value& param) {
  const auto found = roots_.find(param["root"].text_or(""));
  const bool same = static_cast<std::uint64_t>(param["environment"].number_or(0)) == (sync_environment() & 0x7fffffffffffffffULL);
  return found == roots_.end() || running() || stopped_ || !same ? nullptr : &found->second;
}

static Instant until_of(const Value& param) {
  return Clock::now() + std::clamp(Milliseconds(param["patience_ms"].number_or(120'000)), Milliseconds(0), longest_patience);
}

static Value outcome_of(const Error& error) { return Value::Map{{"ran", true}, {"fault", static_cast<std::int64_t>(error.fault)}, {"what", error.what}}; }

void Syncs::sync_now(Client&, const Value& param, Reply reply) {
  auto* root = free_root(param);
  if (!root) return reply.give(Value(Value::Map{{"ran", false}}));
  SyncRequest request{.reason = param["reason"].text_or("manual")};
  request.pull = param["pull"].flag_or(true), request.push = param["push"].flag_or(true);
  request.plan = param["plan"].flag_or(false), request.confirmed = param["confirmed"].flag_or(false);
  begin_sync(param["root"].text_or(""), *root, std::move(request), until_of(param), reply);
}

void Syncs::snapshot_now(Client&, const Value& param, Reply reply) {
  auto* root = free_root(param);
  if (!root) return reply.give(Value(Value::Map{{"ran", false}}));
  const auto name = param["root"].text_or("");
  running_ = name;
  if (!root->kept) root->kept = std::make_shared<Kept>(calls_, parts_.watching, name);
  const auto& settings = parts_.settings.now();
  auto job = [&disk = parts_.disk, &paths = parts_.paths, kept = root->kept, held_by = param["held_by"].text_or(""), settings, until = until_of(param)](std::stop_token stop) {
    kept->stop = stop;
    return snapshot_root(disk, paths, kept->root, {.held_by = held_by}, settings, Patience{until, stop}, &kept->store);
  };
  lane_->post(std::move(job), [this, name, reply](Result<SnapshotMeta> meta) {
    running_.clear();
    if (const auto found = roots_.find(name); found != roots_.end()) found->second.hang_up = Clock::now() + gits_stay;
    reply.give(meta ? Value(Value::Map{{"ran", true}, {"snapshot", to_value(*meta)}}) : outcome_of(meta.error()));
    plan();
  });
}

void Syncs::begin_hang_up(const std::string& name, Root& root) {
  root.hang_up = std::nullopt;
  if (!root.kept) return plan();
  running_ = name;
  auto job = [kept = root.kept](std::stop_token stop) {
    kept->store.hang_up({Clock::now() + tidy_patience, stop});
    return true;
  };
  lane_->post(std::move(job), [this](bool) {
    running_.clear();
    plan();
  });
}

void Syncs::end_sync(const std::string& name, const Result<SyncReport>& report, const std::optional<Reply>& asked) {
  running_.clear();
  if (asked) asked->give(report ? Value(Value::Map{{"ran", true}, {"report", to_value(*report)}}) : outcome_of(report.error()));
  if (const auto found = roots_.find(name); found != roots_.end()) found->second.hang_up = Clock::now() + gits_stay;
  if (report && report->state == "plan") return plan();
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
    // Who asked for it has been told himself.
    const bool news = report ? !asked || !root.trouble.empty() || report->state == "synced" : !asked && report.error().fault != Fault::busy;
    if (news) tell(name, root, report ? *report : told);
  }
  reload();
}

void Syncs::begin_poll(const std::string& name) {
  running_ = name;
  auto& kept = roots_.find(name)->second.kept;
  if (!kept) kept = std::make_shared<Kept>(calls_, parts_.watching, name);
  auto job = [&disk = parts_.disk, &paths = parts_.paths, kept](std::stop_token stop) {
    kept->stop = stop;
    return remote_has_moved(disk, paths, kept->root, Patience{Clock::now() + poll_patience, stop}, &kept->store);
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
