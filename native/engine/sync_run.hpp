// A whole sync of a work tree, from its path to the record of what was done; and which of them happen by themselves.
#pragma once

#include "engine/snapshot.hpp"
#include "engine/sync.hpp"
#include "engine/sync_decide.hpp"
#include "engine/sync_kept.hpp"

namespace kra {

// Errors as those of read_record(), SyncStore::open() and sync_tree(). What was done is in the audit log.
// `kept`: whoever comes back to this root again and again; else a store of its own is opened and closed.
Result<SyncReport> sync_root(Disk& disk, const Paths& paths, const std::string& root, const SyncRequest& request, const Settings& settings, const Patience& patience,
                             KeptStore* kept = nullptr);
// A snapshot of it, after which the old ones are thinned out.
Result<SnapshotMeta> snapshot_root(Disk& disk, const Paths& paths, const std::string& root, const SnapshotRequest& request, const Settings& settings, const Patience& patience,
                                   KeptStore* kept = nullptr);

// What of the environment decides how git reaches a remote and where things lie, as one number: one who asks another process for a sync has
// to have the same.
std::uint64_t sync_environment();

// As Metrics take it.
Value measured_sync(const Result<SyncReport>& report);

// Whether the remote has another commit than at the last sync; nothing else is looked at. unavailable: it could not be had; else as sync_root().
Result<bool> remote_has_moved(Disk& disk, const Paths& paths, const std::string& root, const Patience& patience, KeptStore* kept = nullptr);

// Syncs of this root by themselves, from now on or no longer.
Result<void> schedule_root(Disk& disk, const Paths& paths, const std::string& root, bool on);
// What is known on disk about it; `started` and what has changed are left as they are made.
SyncFacts facts_of(Disk& disk, const Paths& paths, const std::string& root);

}  // namespace kra
