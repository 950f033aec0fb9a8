// Files that git makes of what is committed by a filter or another conversion. kra runs none: it asks whether the user's git has.
#pragma once

#include <set>

#include "engine/sync_guard.hpp"

namespace kra {

// Of the paths with the blob that is committed for each: those whose file the user's git made of just that blob, untouched since. By the index's own
// notes about the file; no filter runs.
Result<std::set<std::string>> made_by_git(SyncStore& store, const IndexMap& index, const std::map<std::string, std::string>& blobs, const Patience& patience);

}  // namespace kra
