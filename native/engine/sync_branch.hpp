// What mode `track` does to the user's repository: the branch moves on, and the index follows for the paths that it agreed with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/sync_store.hpp"
#include "peers/git_lock.hpp"

namespace kra {

// Whether the index holds anything that HEAD does not.
Result<bool> has_staged(SyncStore& store, const Head& head, const Patience& patience);

// The branch from where `head` says to `commit`, and the index with it: what takes its time, so that both can be moved at once when all else is done.
// Nothing of it shows in the user's repository, and all of it is gone with this, but for the note that complete_index() reads.
struct BranchMove {
  Head head;
  std::string commit;
  std::optional<GitLockFile> index;  // none: it stays as it is
  HeadMove branch;
  std::vector<PathChange> changes = {};  // the entries that it gets
  std::string before = {}, after = {};   // sums of the index that it was made for, and of that which it makes
  bool agreed = false;             // nothing is staged, before and afterwards
};
// Needs nothing of the commit in the user's repository yet.
Result<BranchMove> prepare_move(SyncStore& store, const Head& head, const std::string& commit, const Patience& patience);
// It does not come to that.
Result<void> forget_move(SyncStore& store);
// Moves both; the user's repository has the objects of `commit`. With what was prepared, as long as that still fits. conflict: the branch is somewhere
// else by now; busy: locked. When only the index is locked for long, complete_index() finishes with the next sync.
Result<void> track_branch(SyncStore& store, const Head& head, const std::string& commit, const std::string& message, const Patience& patience,
                          std::optional<BranchMove> ready = std::nullopt);
// Finishes what a crash or a lock left half done: a branch that moved, an index that did not.
Result<void> complete_index(SyncStore& store, const Patience& patience);

// Files whose locks may be ours after a crash.
std::vector<std::string> lock_targets(const RepositoryPlace& place);
// "Name <mail> 1700000000 +0000" as the user's git would say it; kra's own when the user has none.
std::string user_identity(Disk& disk, const RepositoryPlace& place);

}  // namespace kra
