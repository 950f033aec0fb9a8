// What mode `track` does to the user's repository: the branch moves on, and the index follows for the paths that it agreed with.
#pragma once

#include <string>
#include <vector>

#include "engine/sync_store.hpp"
#include "peers/git_lock.hpp"

namespace kra {

// Whether the index holds anything that HEAD does not.
Result<bool> has_staged(SyncStore& store, const Head& head, const Patience& patience);
// The branch goes from where `head` says to `commit` (whose objects the user's repository has), and the index with it. conflict: it is somewhere else by
// now; busy: locked. When only the index is locked for long, complete_index() finishes with the next sync.
Result<void> track_branch(SyncStore& store, const Head& head, const std::string& commit, const std::string& message, const Patience& patience);
// Finishes what a crash or a lock left half done: a branch that moved, an index that did not.
Result<void> complete_index(SyncStore& store, const Patience& patience);

// Files whose locks may be ours after a crash.
std::vector<std::string> lock_targets(const RepositoryPlace& place);
// "Name <mail> 1700000000 +0000" as the user's git would say it; kra's own when the user has none.
std::string user_identity(Disk& disk, const RepositoryPlace& place);

}  // namespace kra
