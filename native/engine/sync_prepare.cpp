// Of a sync: from what is here and there to what goes and comes, and what is held back.
#include "engine/sync_steps.hpp"

#include "base/text.hpp"
#include "engine/sync_converted.hpp"

namespace kra {

Result<bool> Syncing::prepare() {
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

std::map<std::string, std::string> Syncing::blobs_of(const HeldPaths& held, const std::vector<PathChange>& changes, TreeEntry PathChange::*side) {
  std::map<std::string, std::string> blobs;
  for (const auto& change : changes)
    if (held.contains(change.path)) blobs[change.path] = (change.*side).oid;
  return blobs;
}

bool Syncing::guards(const std::string& why) {
  if (why.empty() || request_.confirmed) return false;
  guard_ += cat(guard_.empty() ? "" : ", ", why);
  return true;
}

bool Syncing::remote_is_newer() const {
  std::int64_t ours = 0;
  for (const auto& change : outgoing_)
    if (const auto file = state_->files.find(change.path); file != state_->files.end()) ours = std::max(ours, file->second.look.modified_ns / 1'000'000'000);
  // A clock that is ahead of ours says nothing.
  return theirs_.seconds > ours && theirs_.seconds <= wall_now().ms / 1000 + 2;
}

Result<std::string> Syncing::tree_with(const char* name, const std::string& tree, std::vector<Import::Change> changes) {
  if (changes.empty()) return tree;
  if (tree != empty_tree(store_.place().sha256)) changes.insert(changes.begin(), {"", "040000", tree});
  // A file that shall not be there need not be in the tree: git takes that as nothing to do.
  Import import;
  const int mark = import.commit({.ref = {}, .committer = own_identity({}), .message = name, .changes = std::move(changes)});
  auto written = TRY(import.run(store_.git(), patience_));
  return written.trees[mark];
}

Result<void> Syncing::tell_plan() {
  const auto kind = [](const PathChange& change) { return !change.before ? "create" : !change.after ? "delete" : "modify"; };
  if (request_.pull)
    for (const auto& change : TRY(chosen([](const PathChange&, Fault, const std::string&) {}))) report_.writes.push_back({change.path, kind(change)});
  if (request_.push)
    for (const auto& change : TRY(diff_trees(store_.git(), remote_tree_.empty() ? empty_tree(store_.place().sha256) : remote_tree_, merged_, patience_)))
      report_.pushes.push_back({change.path, kind(change)});
  report_.state = "plan", report_.why = guard_;
  return {};
}

}  // namespace kra
