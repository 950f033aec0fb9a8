#include "engine/sync.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_branch.hpp"
#include "engine/sync_converted.hpp"
#include "engine/sync_guard.hpp"
#include "engine/sync_hooks.hpp"
#include "engine/sync_intent.hpp"
#include "engine/sync_known.hpp"
#include "engine/sync_message.hpp"
#include "engine/sync_names.hpp"
#include "engine/sync_pause.hpp"
#include "engine/sync_refs.hpp"
#include "engine/sync_remote.hpp"
#include "engine/sync_sign.hpp"
#include "engine/sync_swings.hpp"
#include "engine/tree_memory.hpp"
#include "os/process.hpp"
#include "wire/msgpack.hpp"

namespace kra {
namespace {

// Of several devices that push without a pause each gets its turn: more rounds, not longer waits, end that.
constexpr int apply_rounds = 5, push_rounds = 40, longest_pause_ms = 400;

class Syncing {
 public:
  Syncing(SyncStore& store, const SyncRecord& record, const std::string& device, const SyncRequest& request, const Settings& settings, const Patience& patience)
      : store_(store), record_(record), device_(device), request_(request), settings_(settings), patience_(patience), track_(record.mode == "track") {}

  Result<SyncReport> run() {
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

 private:
  SyncReport end(const char* state, const std::string& why) {
    report_.commit = commit_;
    report_.state = state, report_.why = why;
    return std::move(report_);
  }

  // Why neither files nor references may be touched now; empty when they may.
  Result<std::string> gate() {
    if (const auto operation = unfinished_operation(store_.disk(), store_.place()); !operation.empty()) return cat("a ", operation, " is unfinished");
    return std::string();
  }

  // Why neither branch nor files may change, while what is here can go to this device's own reference; empty when they may.
  Result<std::string> beside() {
    if (head_.branch.empty()) return std::string("HEAD is on no branch");
    if (!track_) return std::string();
    if (head_.branch != record_.branch) return cat("the branch is ", printable(head_.branch), ", sync moves ", printable(record_.branch));
    if (TRY(has_staged(store_, head_, patience_))) return std::string("changes are staged: commit or unstage them");
    return std::string();
  }

  Result<void> snapshot() {
    if (request_.plan) return {};
    const auto taken = TRY(take_snapshot(store_, {.reason = "sync"}, patience_));
    report_.snapshot = taken.meta.id;
    TRY(thin_snapshots(store_, static_cast<std::uint64_t>(settings_.sync.snapshots_kept), settings_.history.daily_for, wall_now(), patience_));
    return {};
  }

  // False: the report says how it ended.
  Result<bool> one_round() {
    left_.clear(), open_.clear();
    index_ = TRY(user_index(store_));
    state_ = TRY(look_at_tree(store_, index_, {.doubts = request_.unattended()}, patience_));
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

  // HEAD stands for what is on no branch.
  std::string branch_name() const { return head_.branch.empty() ? "HEAD" : head_.branch; }
  std::uint64_t hash_of_device() const { return std::hash<std::string>()(cat(device_, Clock::now().time_since_epoch().count())); }

  bool end_with(RemoteTrouble trouble, const std::string& words) {
    report_.state = trouble_name(trouble), report_.why = words;
    return false;
  }
  bool hold(const std::string& why) {
    report_.state = "held", report_.why = why;
    return false;
  }

  Result<void> know_base() {
    base_ = TRY(resolve(store_.git(), base_ref_ + "^{tree}", patience_));
    return {};
  }

  // Something is to be pushed and the remote was at this base: most likely it still is, which the push itself finds out.
  Result<bool> may_assume() {
    if (request_.plan || !request_.push || base_.empty() || state_->tree == base_ || !unfinished_syncs(store_).empty()) return false;
    return TRY(resolve(store_.git(), remote_ref_ + "^{tree}", patience_)) == base_;
  }
  bool pushes() const { return request_.push && !commit_.empty() && commit_ != remote_; }

  // What the remote has now is in the store, and an earlier sync that was killed is understood.
  Result<RemoteAnswer> know_remote() {
    const auto known = TRY(resolve(store_.git(), remote_ref_, patience_));
    auto answer = assumed_ ? RemoteAnswer{.oid = known} : TRY(ask_remote(store_, record_.url, there_, network()));
    if (answer.trouble != RemoteTrouble::none) return answer;
    remote_ = answer.oid;
    if (!remote_.empty() && remote_ != known) {
      answer = TRY(fetch_remote(store_, record_.url, there_, "refs/kra/incoming", network()));
      if (answer.trouble != RemoteTrouble::none) return answer;
      remote_ = answer.oid;
      const bool rewritten = !known.empty() && !TRY(contains(remote_, known));
      if (rewritten && !request_.confirmed) return hold(cat("history was rewritten at ", printable(record_.url), "; `kra sync --confirm` takes it as it is now")), answer;
      if (!request_.plan) TRY(change_refs(store_.git(), {{remote_ref_, remote_, ""}}, patience_));
    } else if (remote_.empty() && !known.empty() && !request_.confirmed) {
      return hold(cat(printable(there_), " is gone from the remote; `kra sync --confirm` makes it again")), answer;
    }
    if (!request_.plan) TRY(recover());
    remote_tree_ = remote_.empty() ? "" : TRY(resolve(store_.git(), remote_ + "^{tree}", patience_));
    TRY(read_remote_commit());
    if (base_.empty()) TRY(first_base());
    return answer;
  }

  // A sync that was killed after its push: every path came from what was pushed then.
  Result<void> recover() {
    for (const auto& unfinished : unfinished_syncs(store_)) {
      if (unfinished.base_ref != base_ref_) continue;
      if (!remote_.empty() && TRY(contains(remote_, unfinished.commit))) {
        TRY(write_base(unfinished.work, {}));
        base_ = unfinished.work;
      }
      TRY(finish_intent(unfinished.intent));
    }
    return {};
  }

  Result<void> finish_intent(const std::string& id) {
    for (auto& intent : read_intents(store_))
      if (intent.id == id) TRY(drop_intent(store_, intent));
    return {};
  }

  Result<bool> contains(const std::string& tip, const std::string& commit) {
    if (tip == commit) return true;
    const auto outcome = TRY(store_.git().run({.arguments = {"merge-base", "--is-ancestor", commit, tip}}, patience_));
    return outcome.status == 0;
  }

  Result<void> read_remote_commit() {
    theirs_ = {};
    if (!remote_.empty() && remote_tree_ != base_) theirs_ = origin_of(TRY(read_blobs(store_.git(), {remote_}, patience_)).front());
    return {};
  }

  // Never synced: both sides come from the newest commit that both have.
  Result<void> first_base() {
    base_ = empty_tree(store_.place().sha256);
    if (head_.oid.empty()) return {};
    const bool ours_known = !TRY(keep_commits(store_, {head_.oid}, patience_)).empty();
    if (!ours_known) return {};
    std::string common = head_.oid;
    if (!remote_.empty()) {
      const auto theirs = track_ ? remote_ : theirs_.head;
      if (theirs.empty() || !TRY(missing_objects(store_.git(), {theirs}, patience_)).empty()) return {};
      const auto outcome = TRY(store_.git().run({.arguments = {"merge-base", head_.oid, theirs}}, patience_));
      common = outcome.status == 0 ? outcome.output.substr(0, outcome.output.find('\n')) : "";
    }
    if (!common.empty()) base_ = TRY(resolve(store_.git(), common + "^{tree}", patience_));
    return {};
  }

  // From here to the push only the store changes. False: held.
  Result<bool> prepare() {
    auto outgoing = TRY(diff_trees(store_.git(), base_, state_->tree, patience_));
    auto held = TRY(hold_outgoing(store_, outgoing, *state_, patience_));
    swings_ = Swings::from_text(store_.disk().read(store_.file("swings"), 64U << 20).value_or(""));
    for (const auto& change : outgoing)
      if (!request_.confirmed && swings_.too_often(change.path, change.before.oid, change.after.oid))
        held[change.path] = cat("another device changes it back each time; `kra sync --confirm` takes yours");
    const auto made = TRY(made_by_git(store_, index_->entries, blobs_of(held, outgoing, &PathChange::before), patience_));
    report_.held.clear();
    sparse_.clear();
    for (const auto& path : index_->left_out)
      if (!state_->files.contains(path)) sparse_.insert(path);
    guard_.clear();
    const bool many_gone = guards(too_many_deletions(outgoing, state_->files.size() + outgoing.size()));
    const bool many_new = guards(too_many_new(outgoing, *state_));
    std::vector<Import::Change> kept;
    std::erase_if(outgoing, [&](const PathChange& change) {
      const auto why = held.find(change.path);
      if ((many_gone && !change.after) || (many_new && !change.before)) {
        held_.insert(change.path), kept.push_back({change.path, change.before.mode, change.before.oid});
        return true;
      }
      // Another repository, and what a sparse checkout leaves out, have not been deleted.
      const bool absent = !change.after && (change.before.mode == "160000" || sparse_.contains(change.path));
      if (why == held.end() && !absent) return false;
      if (why != held.end() && !made.contains(change.path)) report_.held.push_back({change.path, why->second});
      if (why != held.end()) held_.insert(change.path);
      kept.push_back({change.path, change.before.mode, change.before.oid});
      return true;
    });
    // A repository inside is what the branch says it is: its files are its own matter, and it has not gone.
    if (track_)
      for (const auto& [path, entry] : index_->others)
        if (entry.stage == 0) kept.push_back({path, entry.mode, entry.oid});
    for (const auto& [path, why] : state_->skipped) {
      if (why == skipped_secret) report_.held.push_back({path, "it looks like a secret"});
      if (why == "too big" || why == "unreadable") report_.held.push_back({path, why == "too big" ? "it is larger than 50 MB" : why});
    }
    report_.large.clear();
    for (auto& [path, size] : large_files(outgoing, *state_)) report_.large.push_back({path, std::move(size)});
    outgoing_ = std::move(outgoing);
    work_ = TRY(tree_with("held", state_->tree, std::move(kept)));
    if (!beside_.empty()) return outgoing_.empty() || !request_.push ? hold(beside_) : keep_aside(beside_);
    if (track_ && request_.unattended() && outgoing_.size() > static_cast<std::size_t>(settings_.sync.auto_commit_threshold)) return keep_aside("so many wait for a sync by hand");
    auto merged = TRY(merge_trees(store_, {base_, work_, remote_tree_.empty() ? base_ : remote_tree_, theirs_.device, remote_is_newer(), settings_.sync.conflict}, patience_));
    open_ = std::move(merged.open);
    report_.conflicts = std::move(merged.conflicts);
    merged_ = TRY(tree_with("merged", merged.tree, std::move(merged.changes)));
    if (!TRY(make_commit())) return false;
    incoming_ = TRY(diff_trees(store_.git(), work_, merged_, patience_));
    const auto gone = too_many_deletions(incoming_, state_->files.size());
    many_go_ = guards(gone.empty() ? "" : cat("by the remote ", gone));
    return true;
  }

  static std::map<std::string, std::string> blobs_of(const HeldPaths& held, const std::vector<PathChange>& changes, TreeEntry PathChange::*side) {
    std::map<std::string, std::string> blobs;
    for (const auto& change : changes)
      if (held.contains(change.path)) blobs[change.path] = (change.*side).oid;
    return blobs;
  }

  // Too much at once: that part waits for the user, everything else goes on.
  bool guards(const std::string& why) {
    if (why.empty() || request_.confirmed) return false;
    guard_ += cat(guard_.empty() ? "" : ", ", why);
    return true;
  }

  bool remote_is_newer() const {
    std::int64_t ours = 0;
    for (const auto& change : outgoing_)
      if (const auto file = state_->files.find(change.path); file != state_->files.end()) ours = std::max(ours, file->second.look.modified_ns / 1'000'000'000);
    // A clock that is ahead of ours says nothing.
    return theirs_.seconds > ours && theirs_.seconds <= wall_now().ms / 1000 + 2;
  }

  Result<std::string> tree_with(const char* name, const std::string& tree, std::vector<Import::Change> changes) {
    if (changes.empty()) return tree;
    if (tree != empty_tree(store_.place().sha256)) changes.insert(changes.begin(), {"", "040000", tree});
    // A file that shall not be there need not be in the tree: git takes that as nothing to do.
    Import import;
    const int mark = import.commit({.ref = {}, .committer = own_identity({}), .message = name, .changes = std::move(changes)});
    auto written = TRY(import.run(store_.git(), patience_));
    return written.trees[mark];
  }

  // What may not go to the branch now goes to a reference of this device, where nothing is lost and nobody is in the way.
  Result<bool> keep_aside(const std::string& because) {
    if (request_.plan) return hold(cat(outgoing_.size(), " changed files: ", because));
    const auto mine = cat("refs/kra/dev/", device_, "/", branch_name());
    const auto local = "refs/kra/dev/" + ref_part(branch_name());
    const auto before = TRY(resolve(store_.git(), local, patience_));
    if (before.empty() || TRY(resolve(store_.git(), before + "^{tree}", patience_)) != work_) {
      const auto commit = TRY(commit_of(local, work_, before.empty() ? std::vector<std::string>{} : std::vector{before}));
      const auto answer = TRY(push_remote(store_, record_.url, commit, mine, network()));
      if (answer.trouble != RemoteTrouble::none) return end_with(answer.trouble, answer.words);
    }
    report_.state = "waiting", report_.pushed = outgoing_.size();
    report_.why = cat(outgoing_.size(), " changed files are safe at ", mine, ", not on ", head_.branch.empty() ? "a branch" : printable(head_.branch), ": ", because);
    return false;
  }

  std::string message_of() const {
    const auto now = rfc3339(wall_now());
    std::vector<std::string> paths;
    for (const auto& change : outgoing_) paths.push_back(change.path);
    auto message = filled_message(settings_.sync.message, {{"host", host_name()}, {"device", device_}, {"reason", request_.reason}, {"count", cat(outgoing_.size())}, {"branch", head_.branch},
                                                           {"date", now.substr(0, 10)}, {"time", now.substr(11, 5)}, {"files", file_names(paths)}});
    return message + origin_lines({device_, track_ ? std::string() : head_.oid});
  }

  Result<std::string> commit_of(const std::string& ref, const std::string& tree, const std::vector<std::string>& parents, std::string message = {}) {
    std::vector<Import::Change> changes;
    if (tree != empty_tree(store_.place().sha256)) changes.push_back({"", "040000", tree});
    const auto who = track_ ? user_identity(store_.disk(), store_.place()) : own_identity(wall_now());
    if (message.empty()) message = message_of();
    Import import;
    const int mark = import.commit({.ref = ref, .committer = who, .message = std::move(message), .parents = parents, .changes = std::move(changes)});
    return TRY(import.run(store_.git(), patience_)).oids[mark];
  }

  // The commit that the remote shall have: one that is there already when its tree is right, else a new one upon what both have.
  // False: it may not be made, and the report says why.
  Result<bool> make_commit() {
    const auto& local = track_ ? head_.oid : std::string();
    std::vector<std::string> parents;
    bool ours_in_theirs = local.empty(), theirs_in_ours = remote_.empty();
    if (!local.empty() && !remote_.empty()) ours_in_theirs = TRY(contains(remote_, local)), theirs_in_ours = TRY(contains(local, remote_));
    if (!remote_.empty() && ours_in_theirs && merged_ == remote_tree_) return commit_ = remote_, true;
    if (!local.empty() && theirs_in_ours && TRY(resolve(store_.git(), local + "^{tree}", patience_)) == merged_) return commit_ = local, true;
    if (!remote_.empty() && (ours_in_theirs || !theirs_in_ours)) parents.push_back(remote_);
    if (!local.empty() && (remote_.empty() || !ours_in_theirs)) parents.push_back(local);
    if (parents.empty() && outgoing_.empty()) return commit_.clear(), true;
    const auto outbox = sync_refs(branch_name(), track_).outbox;
    commit_ = TRY(commit_of(outbox, merged_, parents));
    if (!track_ || request_.plan || !request_.push) return true;
    if (settings_.sync.hooks == "full") {
      TRY(give_objects(store_, {commit_}, {}, patience_));
      auto said = run_commit_hooks(store_, commit_, message_of(), settings_.sync, patience_);
      if (!said && said.error().fault == Fault::refused) return end_with(RemoteTrouble::refused_hook, said.error().what);
      if (!said) return std::move(said.error());
      commit_ = TRY(commit_of(outbox, merged_, parents, std::move(*said)));
    }
    if (!wants_signature(store_.disk(), store_.place(), settings_.sync)) return true;
    auto with_signature = signed_commit(store_, commit_, patience_);
    if (!with_signature && with_signature.error().fault == Fault::refused) return keep_aside(cat("it could not be signed: ", with_signature.error().what));
    commit_ = TRY(std::move(with_signature));
    TRY(change_refs(store_.git(), {{outbox, commit_, ""}}, patience_));
    return true;
  }

  Result<void> tell_plan() {
    const auto kind = [](const PathChange& change) { return !change.before ? "create" : !change.after ? "delete" : "modify"; };
    if (request_.pull)
      for (const auto& change : TRY(chosen([](const PathChange&, Fault, const std::string&) {}))) report_.writes.push_back({change.path, kind(change)});
    if (request_.push)
      for (const auto& change : TRY(diff_trees(store_.git(), remote_tree_.empty() ? empty_tree(store_.place().sha256) : remote_tree_, merged_, patience_)))
        report_.pushes.push_back({change.path, kind(change)});
    report_.state = "plan", report_.why = guard_;
    return {};
  }

  Result<RemoteAnswer> push() {
    TRY(store_conflicts(store_, report_.conflicts, patience_));
    if (!pushes()) return RemoteAnswer{.oid = commit_};
    if (track_) {
      TRY(give_objects(store_, {commit_}, {}, patience_));
      auto allowed = run_pre_push(store_, record_, commit_, remote_, settings_.sync, patience_);
      if (!allowed && allowed.error().fault == Fault::refused) return RemoteAnswer{RemoteTrouble::refused_hook, allowed.error().what, {}};
      TRY(std::move(allowed));
    }
    intent_ = {.id = store_.new_slot(), .base_ref = base_ref_, .work = work_, .commit = commit_};
    TRY(write_intent(store_, intent_));
    auto answer = TRY(push_remote(store_, record_.url, commit_, there_, network(), assumed_ ? remote_ : ""));
    // One that was refused has not been pushed; one that may have been is found out by the next sync.
    if (answer.trouble == RemoteTrouble::moved) TRY(drop_intent(store_, intent_));
    if (answer.trouble != RemoteTrouble::none) return answer;
    report_.pushed += outgoing_.size();
    for (const auto& change : outgoing_) {
      if (request_.confirmed) swings_.forget(change.path);
      swings_.went(change.path, change.before.oid, change.after.oid);
    }
    return answer;
  }

  // The remote has it: now the work tree, and after it everything that says where it came from.
  Result<void> bring_in() {
    const bool pushed = pushes();
    std::vector<Import::Change> base_changes;
    std::string base_tree = request_.push ? merged_ : remote_tree_.empty() ? base_ : remote_tree_;
    if (!incoming_.empty()) TRY(apply(base_changes));
    for (const auto& conflict : report_.conflicts)
      if (open_.contains(conflict.path)) base_changes.push_back({conflict.path, conflict.base.mode, conflict.base.oid});
    if (base_tree != base_ || !base_changes.empty()) TRY(write_base(base_tree, std::move(base_changes)));
    if (pushed) TRY(change_refs(store_.git(), {{remote_ref_, commit_, ""}}, patience_));
    if (pushed) TRY(drop_intent(store_, intent_));
    if (track_ && request_.push && !commit_.empty() && commit_ != head_.oid) TRY(move_branch());
    if (const auto text = swings_.text(); pushed || text.size() > 0) TRY(keep_swings(text));
    TRY(settle_slots(store_, device_, patience_));
    return {};
  }

  Result<void> keep_swings(const std::string& text) {
    if (store_.disk().read(store_.file("swings"), 64U << 20).value_or("") == text) return {};
    return store_.disk().replace(store_.file("swings"), text);
  }

  // Of what came in, what is to be written; `leave` is told of the rest.
  template <class Leave>
  Result<std::vector<PathChange>> chosen(Leave leave) {
    auto held = TRY(hold_incoming(store_, incoming_, *state_, patience_));
    if (!request_.confirmed) held.merge(colliding_names(incoming_, state_->files));
    std::set<std::string> made;
    if (!held.empty()) {
      const auto index = TRY(user_index(store_));
      made = TRY(made_by_git(store_, index->entries, blobs_of(held, incoming_, &PathChange::after), patience_));
    }
    std::vector<PathChange> changes;
    for (const auto& change : incoming_) {
      // What a sparse checkout leaves out is there as far as anybody asks.
      if (open_.contains(change.path) || sparse_.contains(change.path) || made.contains(change.path)) continue;
      const auto why = held.find(change.path);
      if (many_go_ && !change.after) leave(change, Fault::refused, "too many would be deleted");
      else if (why != held.end()) leave(change, Fault::refused, why->second);
      else if (held_.contains(change.path)) leave(change, Fault::refused, "it is held back here");
      else changes.push_back(change);
    }
    return changes;
  }

  Result<void> apply(std::vector<Import::Change>& base_changes) {
    ApplyRequest request;
    const auto leave = [&](const PathChange& change, Fault fault, const std::string& why) {
      left_.push_back({change.path, fault, why});
      report_.left.push_back({change.path, why});
      base_changes.push_back({change.path, change.before.mode, change.before.oid});
    };
    std::map<std::string, const PathChange*> by_path;
    for (const auto& change : incoming_) by_path[change.path] = &change;
    if (request_.pull) request.changes = TRY(chosen(leave));
    else
      for (const auto& change : incoming_) base_changes.push_back({change.path, change.before.mode, change.before.oid});
    if (request.changes.empty()) return {};
    TRY(snapshot());
    if (track_ && request_.push && !commit_.empty()) TRY(give_objects(store_, {commit_}, {}, patience_));
    const auto turn = ApplyTurn::wait(store_.disk(), store_.file(""), store_.place().git, settings_.sync.pause_max, patience_.stop);
    if (request_.writers != nullptr) leave_to_editors(request, leave);
    const auto applied = TRY(apply_changes(store_, request, patience_));
    if (request_.writers != nullptr) request_.writers->applied(applied.paths, patience_), request_.writers->resume();
    report_.pulled += applied.paths.size();
    for (const auto& path : applied.paths) report_.wrote.push_back({path, by_path[path]->after ? "written" : "deleted"}), swings_.came(path, by_path[path]->before.oid, by_path[path]->after.oid);
    for (const auto& left : applied.left) leave(*by_path[left.path], left.fault, left.why);
    return {};
  }

  // Unsaved text lies in an editor for it: the file waits until that is written.
  template <class Leave>
  void leave_to_editors(ApplyRequest& request, Leave leave) {
    auto& writers = *request_.writers;
    const auto busy = writers.prepare(patience_);
    std::erase_if(request.changes, [&](const PathChange& change) {
      if (!busy.contains(change.path)) return false;
      leave(change, Fault::refused, "an editor holds unsaved text for it");
      return true;
    });
    request.announce = [&](const std::string& path, const std::string* bytes) { writers.claim(path, bytes); };
    request.announced = [&] { writers.tell_claims(patience_); };
  }

  Result<void> write_base(const std::string& tree, std::vector<Import::Change> changes) {
    if (changes.empty() && tree != empty_tree(store_.place().sha256)) return change_refs(store_.git(), {{base_ref_, tree, ""}}, patience_);
    if (tree != empty_tree(store_.place().sha256)) changes.insert(changes.begin(), {"", "040000", tree});
    Import import;
    import.commit({.ref = base_ref_, .committer = own_identity(wall_now()), .message = "base", .changes = std::move(changes)});
    TRY(import.run(store_.git(), patience_));
    return {};
  }

  Result<void> move_branch() {
    TRY(give_objects(store_, {commit_}, {}, patience_));
    auto moved = track_branch(store_, head_, commit_, cat("kra: ", request_.reason), patience_);
    if (!moved && (moved.error().fault == Fault::conflict || moved.error().fault == Fault::busy)) {
      report_.left.push_back({head_.ref(), moved.error().what});
      left_.push_back({head_.ref(), Fault::busy, moved.error().what});
      return head_ = TRY(read_head(store_.disk(), store_.place())), Result<void>{};
    }
    TRY(std::move(moved));
    head_.oid = commit_;
    return {};
  }

  Patience network() const { return {std::min(patience_.until, Clock::now() + request_.network), patience_.stop}; }

  SyncStore& store_;
  const SyncRecord& record_;
  const std::string& device_;
  const SyncRequest& request_;
  const Settings& settings_;
  const Patience& patience_;
  const bool track_;
  SyncReport report_;
  Head head_;
  std::string base_ref_, remote_ref_, there_;
  std::shared_ptr<const UserIndex> index_;
  std::shared_ptr<const WorkState> state_;
  std::string base_, work_, remote_, remote_tree_, merged_, commit_;  // trees, but remote_ and commit_
  std::string last_words_, beside_;
  CommitOrigin theirs_;   // of remote_
  bool assumed_ = false;  // the remote was not asked: remote_ is what it had last
  std::vector<PathChange> outgoing_, incoming_;
  std::set<std::string> open_, held_, sparse_;
  std::vector<Applied::Left> left_;
  std::string guard_;     // what waits for the user to agree
  bool many_go_ = false;  // deletions that came in wait
  Intent intent_;
  Swings swings_;
};

}  // namespace

static std::optional<SyncReport> report_in(Disk& disk, const std::string& file) {
  const auto bytes = disk.read(file, 256U << 20);
  const auto value = bytes ? unpack(*bytes) : Result<Value>(bytes.error());
  SyncReport report;
  if (!value || !from_value(*value, report)) return std::nullopt;
  return report;
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
  TRY(store.disk().replace(store.file("outcome"), pack(to_value(report))));
  return report;
}

std::optional<SyncReport> last_report(Disk& disk, const Paths& paths, const std::string& root) {
  return report_in(disk, sync_directory(paths, root) + "/outcome");
}

}  // namespace kra
