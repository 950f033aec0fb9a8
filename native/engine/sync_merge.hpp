// Three trees become one in the store: what the work tree came from, what it is, what the remote is. Where both sides changed a path in ways that
// do not go together a strategy decides by its glob, and both sides and the base are kept under refs/kra/conflicts/ID, whatever it decides.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/sync_store.hpp"

namespace kra {

struct ConflictRecord {
  std::string id;        // the same on every device for the same three versions
  std::string path;
  std::string strategy;  // that was followed
  std::string copy;      // where the other side's bytes lie, if they do
  std::string device;    // of the other side
  std::string what;      // "both changed it", "changed here, deleted there", …
  std::int64_t at = 0;
  TreeEntry base, ours, theirs;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("id", self.id);
    visit("path", self.path);
    visit("strategy", self.strategy);
    visit("copy", self.copy);
    visit("device", self.device);
    visit("what", self.what);
    visit("at", self.at);
    visit("base_mode", self.base.mode);
    visit("base_oid", self.base.oid);
    visit("ours_mode", self.ours.mode);
    visit("ours_oid", self.ours.oid);
    visit("theirs_mode", self.theirs.mode);
    visit("theirs_oid", self.theirs.oid);
  }
};

struct MergeSides {
  std::string base, work, remote;  // trees
  std::string remote_device;
  bool remote_is_newer = false;    // for `newest`
  std::vector<std::pair<std::string, std::string>> strategies;  // glob -> strategy
};

struct MergedTrees {
  std::string tree;  // to begin with; `changes` go on top, deletions first
  std::vector<Import::Change> changes;
  std::vector<ConflictRecord> conflicts;  // oids only: store_conflicts() keeps them
  std::set<std::string> open;             // paths that nobody writes until the user has decided (strategy manual)
};

Result<MergedTrees> merge_trees(SyncStore& store, const MergeSides& sides, const Patience& patience);

Result<void> store_conflicts(SyncStore& store, const std::vector<ConflictRecord>& conflicts, const Patience& patience);
// Newest first.
Result<std::vector<ConflictRecord>> list_conflicts(SyncStore& store, const Patience& patience);
Result<void> forget_conflict(SyncStore& store, const std::string& id, const Patience& patience);

}  // namespace kra
