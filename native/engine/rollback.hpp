// Back to a snapshot, exactly: files with their types, permissions and bytes, directories, the index with its flags, HEAD and its branch, an unfinished
// merge. First a snapshot of what is there now is taken, so a rollback can be undone by another. Files come first, references and the
// index last. Files that git ignores are touched only by a snapshot that was taken with them.
#pragma once

#include "engine/snapshot.hpp"
#include "engine/sync_apply.hpp"

namespace kra {

struct RolledBack {
  std::string undo_id;      // the snapshot of what was there before
  std::uint64_t files = 0;  // that were written or removed
  std::vector<Applied::Left> left;  // others write to them without a pause: they are as they were
};

Result<RolledBack> roll_back(SyncStore& store, const SnapshotMeta& target, const std::string& device, const Patience& patience);

// Where locks of ours are made: engine/sync_store.hpp says how they are told from others.
std::string own_locks(const SyncStore& store);

}  // namespace kra
