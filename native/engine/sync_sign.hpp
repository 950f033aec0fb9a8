// Signatures of commits that a sync makes on a branch of the user's (mode track). Nobody is asked for a passphrase: an agent that has the key signs, or
// nobody does. Programs and keys are those of the user's own settings; of the repository's only whether to sign, and with which key.
#pragma once

#include "engine/sync_store.hpp"
#include "model/config.hpp"

namespace kra {

bool wants_signature(Disk& disk, const RepositoryPlace& place, const Settings::Sync& settings);
// The same commit with a signature, in the store. refused: it could not be signed, and why.
Result<std::string> signed_commit(SyncStore& store, const std::string& commit, const Patience& patience);

}  // namespace kra
