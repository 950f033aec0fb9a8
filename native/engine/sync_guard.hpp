// What is not synced by itself: paths that are held back one by one while everything else goes on, and changes so large that somebody must agree first.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/sync_store.hpp"
#include "engine/work_scan.hpp"

namespace kra {

using HeldPaths = std::map<std::string, std::string>;  // path -> why

// Of what would be pushed: files that by their name or first bytes hold secrets, and files whose committed form differs from what is on disk
// (filters, line ends, encodings by .gitattributes).
Result<HeldPaths> hold_outgoing(SyncStore& store, const std::vector<PathChange>& changes, const WorkState& state, const Patience& patience);
// Of what would be written into the work tree: names that are no good anywhere or here, links that lead out, files that git would convert.
Result<HeldPaths> hold_incoming(SyncStore& store, const std::vector<PathChange>& changes, const WorkState& state, const Patience& patience);
// Why a name in a tree must not be written; empty when it may be. `.git` in any spelling that some file system takes for it, `..`, an empty part.
std::string wrong_name(std::string_view path);
// A link that leads out of the root, or to a place of the system's.
bool leads_out(std::string_view path, std::string_view target);
bool holds_secret(std::string_view path, std::string_view bytes);

// Why that many changes to `files` files must be agreed to; empty when they need not.
std::string too_many_deletions(const std::vector<PathChange>& changes, std::uint64_t files);
// Of what would be pushed: files above 10 MB, with their size. Every clone has them for good.
HeldPaths large_files(const std::vector<PathChange>& changes, const WorkState& state);
std::string too_many_new(const std::vector<PathChange>& changes, const WorkState& state);

}  // namespace kra
