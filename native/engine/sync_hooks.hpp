// The repository's own hooks at a sync that moves a branch (mode track), as far as sync.hooks lets them: `verify` runs pre-push, `full` runs pre-commit
// and commit-msg too, `none` nothing. They never see the live index, and never run before the repository is trusted; when one of them changes,
// trust ends as it does with the settings.
#pragma once

#include "engine/sync_record.hpp"
#include "engine/sync_store.hpp"
#include "model/config.hpp"

namespace kra {

// Of the hooks that may run; 0 when there is none.
std::uint64_t hooks_fingerprint(Disk& disk, const RepositoryPlace& place);

bool has_pre_push(SyncStore& store, const Settings::Sync& settings);
// The commit is in the user's repository. refused: a hook says no, and what it said.
Result<void> run_pre_push(SyncStore& store, const SyncRecord& record, const std::string& commit, const std::string& remote, const Settings::Sync& settings, const Patience& patience);
// The message that the commit is to have. refused as above.
Result<std::string> run_commit_hooks(SyncStore& store, const std::string& commit, const std::string& message, const Settings::Sync& settings, const Patience& patience);

}  // namespace kra
