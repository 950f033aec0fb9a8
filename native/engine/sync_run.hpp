// A whole sync of a work tree, from its path to the record of what was done; and which of them happen by themselves.
#pragma once

#include "engine/sync.hpp"
#include "engine/sync_decide.hpp"

namespace kra {

// Errors as those of read_record(), SyncStore::open() and sync_tree(). What was done is in the audit log.
Result<SyncReport> sync_root(Disk& disk, const Paths& paths, const std::string& root, const SyncRequest& request, const Settings& settings, const Patience& patience);

// As Metrics take it.
Value measured_sync(const Result<SyncReport>& report);

// Whether the remote has another commit than at the last sync; nothing else is looked at. unavailable: it could not be had; else as sync_root().
Result<bool> remote_has_moved(Disk& disk, const Paths& paths, const std::string& root, const Patience& patience);

// Syncs of this root by themselves, from now on or no longer.
Result<void> schedule_root(Disk& disk, const Paths& paths, const std::string& root, bool on);
// What is known on disk about it; `started` and what has changed are left as they are made.
SyncFacts facts_of(Disk& disk, const Paths& paths, const std::string& root);

}  // namespace kra
