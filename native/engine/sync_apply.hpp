// Brings differences of two trees into the work tree, path by path, by compare-and-swap: a path whose bytes are no longer those of the first tree
// stays as it is and is reported. Before the first byte is touched a file says which paths get what and through which slot
// (`intents/ID`); it goes when each of its slots has been looked at again: what a late writer put there comes back into the work tree.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/sync_store.hpp"

namespace kra {

struct ApplyRequest {
  std::vector<PathChange> changes;
  // Exact permissions of a path; nothing: those that it has, or those of a new file.
  std::function<std::optional<std::uint32_t>(const std::string& path)> permissions = {};
  // Told of a path and the bytes that it will have (none: it goes), for several paths before the first of them is written.
  std::function<void(const std::string& path, const std::string* bytes)> announce = {};
  std::function<void()> announced = {};  // after the last of them
  // What recovery needs of a sync: if `commit` has reached the remote, the base of every path is `work`.
  std::string base_ref = {}, work = {}, commit = {};
};

struct Applied {
  std::vector<std::string> paths;  // that hold now what they were to
  struct Left {
    std::string path;
    Fault fault;      // conflict: it was changed meanwhile, busy: it is being written, else it cannot be done
    std::string why;
  };
  std::vector<Left> left;
};

// The bytes of both trees must be in the store. An Error only before anything was touched.
Result<Applied> apply_changes(SyncStore& store, const ApplyRequest& request, const Patience& patience);

// A sync that was killed while it applied, or did not get as far as to move the base.
struct UnfinishedSync {
  std::string intent;  // its file
  std::string base_ref, work, commit;
};
std::vector<UnfinishedSync> unfinished_syncs(SyncStore& store);
// The base has been moved: the intent only waits for its slots.
Result<void> finish_intents(SyncStore& store);

// Looks at all slots: those that hold what one of the trees has are dropped, what a late writer put into one is merged into its path, or
// laid beside it under a name of conflict_name(). What is still open for writing stays for the next time.
struct Settled {
  std::uint64_t dropped = 0, waiting = 0;
  std::vector<std::string> rescued;  // paths that got bytes back
};
Result<Settled> settle_slots(SyncStore& store, const std::string& device, const Patience& patience);

// "notes.conflict-laptop-1a2b3c4d.md" for notes.md: the same on every device for the same bytes.
std::string conflict_name(const std::string& path, const std::string& device, const std::string& oid);

// A three-way merge of texts; nothing when both sides changed the same lines, or one of them is no text.
std::optional<std::string> merged_clean(const std::string& base, const std::string& ours, const std::string& theirs);

}  // namespace kra
