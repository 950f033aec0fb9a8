// Of a sync: the push, then the work tree, then what says where it came from.
#include "engine/sync_steps.hpp"

#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_branch.hpp"
#include "engine/sync_converted.hpp"
#include "engine/sync_hooks.hpp"
#include "engine/sync_names.hpp"
#include "engine/sync_pause.hpp"
#include "engine/sync_refs.hpp"

namespace kra {

Result<RemoteAnswer> Syncing::push() {
  TRY(store_conflicts(store_, report_.conflicts, patience_));
  if (!pushes()) return TRY(keep_in_outbox()), RemoteAnswer{.oid = commit_};
  if (track_ && has_pre_push(store_, settings_.sync)) {
    TRY(give_commit(store_, commit_, given_, patience_));
    auto allowed = run_pre_push(store_, record_, commit_, remote_, settings_.sync, patience_);
    if (!allowed && allowed.error().fault == Fault::refused) return RemoteAnswer{RemoteTrouble::refused_hook, allowed.error().what, {}};
    TRY(std::move(allowed));
  }
  intent_ = {.id = store_.new_slot(), .base_ref = base_ref_, .work = work_, .commit = commit_};
  TRY(write_intent(store_, intent_));
  Result<void> kept;
  auto answer = TRY(push_remote(store_, record_.url, commit_, there_, network(), assumed_ ? remote_ : "", [&] { kept = beside_push(); }));
  TRY(std::move(kept));
  // One that was refused has not been pushed; one that may have been is found out by the next sync.
  if (answer.trouble == RemoteTrouble::moved) TRY(drop_intent(store_, intent_));
  if (answer.trouble != RemoteTrouble::none) {
    if (std::exchange(move_, std::nullopt)) TRY(forget_move(store_));
    return answer;
  }
  report_.pushed += outgoing_.size();
  for (const auto& change : outgoing_) {
    if (request_.confirmed) swings_.forget(change.path);
    swings_.went(change.path, change.before.oid, change.after.oid);
  }
  return answer;
}

// All that the push does not wait for, and that need not wait for the push.
Result<void> Syncing::beside_push() {
  auto kept = keep_in_outbox();
  if (!track_ || !kept || commit_ == head_.oid) return kept;
  // What goes wrong here goes wrong again where it is needed, and is told there.
  if (!give_commit(store_, commit_, given_, patience_)) return {};
  move_.reset();
  if (auto ready = prepare_move(store_, head_, commit_, patience_)) move_.emplace(std::move(*ready));
  return {};
}

Result<void> Syncing::keep_in_outbox() {
  if (!std::exchange(outbox_is_old_, false)) return {};
  return change_refs(store_.git(), {{sync_refs(branch_name(), track_).outbox, commit_, ""}}, patience_);
}

Result<void> Syncing::bring_in() {
  const bool pushed = pushes();
  std::vector<Import::Change> base_changes;
  std::string base_tree = request_.push ? merged_ : remote_tree_.empty() ? base_ : remote_tree_;
  if (!incoming_.empty()) TRY(apply(base_changes));
  for (const auto& conflict : report_.conflicts)
    if (open_.contains(conflict.path)) base_changes.push_back({conflict.path, conflict.base.mode, conflict.base.oid});
  std::vector<RefChange> also;
  if (pushed) also.push_back({remote_ref_, commit_, ""});
  if (base_tree != base_ || !base_changes.empty()) TRY(write_base(base_tree, std::move(base_changes), std::move(also)));
  else TRY(change_refs(store_.git(), also, patience_));
  if (pushed) TRY(drop_intent(store_, intent_));
  if (track_ && request_.push && !commit_.empty() && commit_ != head_.oid) TRY(move_branch());
  if (const auto text = swings_.text(); pushed || text.size() > 0) TRY(keep_swings(text));
  TRY(settle_slots(store_, device_, patience_));
  return {};
}

Result<void> Syncing::keep_swings(const std::string& text) {
  if (store_.disk().read(store_.file("swings"), 64U << 20).value_or("") == text) return {};
  return store_.disk().replace(store_.file("swings"), text);
}

Result<std::vector<PathChange>> Syncing::chosen(const Leave& leave) {
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

Result<void> Syncing::apply(std::vector<Import::Change>& base_changes) {
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
  if (track_ && request_.push && !commit_.empty()) TRY(give_commit(store_, commit_, given_, patience_));
  const auto turn = ApplyTurn::wait(store_.disk(), store_.file(""), store_.place().git, settings_.sync.pause_max, patience_.stop);
  if (request_.writers != nullptr) leave_to_editors(request, leave);
  const auto applied = TRY(apply_changes(store_, request, patience_));
  if (request_.writers != nullptr) request_.writers->applied(applied.paths, patience_), request_.writers->resume();
  report_.pulled += applied.paths.size();
  for (const auto& path : applied.paths) report_.wrote.push_back({path, by_path[path]->after ? "written" : "deleted"}), swings_.came(path, by_path[path]->before.oid, by_path[path]->after.oid);
  for (const auto& left : applied.left) leave(*by_path[left.path], left.fault, left.why);
  return {};
}

void Syncing::leave_to_editors(ApplyRequest& request, const Leave& leave) {
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

// `also` moves with it.
Result<void> Syncing::write_base(const std::string& tree, std::vector<Import::Change> changes, std::vector<RefChange> also) {
  if (!changes.empty() || tree == empty_tree(store_.place().sha256)) {
    if (tree != empty_tree(store_.place().sha256)) changes.insert(changes.begin(), {"", "040000", tree});
    Import import;
    const int mark = import.commit({.ref = {}, .committer = own_identity(wall_now()), .message = "base", .changes = std::move(changes)});
    also.push_back({base_ref_, TRY(import.run(store_.git(), patience_)).oids[mark], ""});
  } else {
    also.push_back({base_ref_, tree, ""});
  }
  return change_refs(store_.git(), also, patience_);
}

Result<void> Syncing::move_branch() {
  TRY(give_commit(store_, commit_, given_, patience_));
  auto moved = track_branch(store_, head_, commit_, cat("kra: ", request_.reason), patience_, std::exchange(move_, std::nullopt));
  if (!moved && (moved.error().fault == Fault::conflict || moved.error().fault == Fault::busy)) {
    report_.left.push_back({head_.ref(), moved.error().what});
    // A git that held the index all the time that it was waited for is not waited for in another round.
    left_.push_back({head_.ref(), moved.error().fault == Fault::busy ? Fault::timed_out : Fault::busy, moved.error().what});
    return head_ = TRY(read_head(store_.disk(), store_.place())), Result<void>{};
  }
  TRY(std::move(moved));
  head_.oid = commit_;
  return {};
}

}  // namespace kra
