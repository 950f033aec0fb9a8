// A snapshot: a commit in the store that holds everything that makes up the state of a work tree.
//
//   W/        every file that git does not ignore (with `ignored`: every file), bytes as on disk
//   index     the user's index file as it is, with all flags and stages
//   staged/   by id, the blobs that only the index names
//   state/    the files of an unfinished merge, rebase, … as they lie in the git directory
//   meta      when and why, HEAD, permissions, empty directories, what could not be read (MessagePack)
//
// Its parents are the user's commits that it refers to, so the user's gc takes nothing that a rollback needs. It lies under
// refs/kra/snapshots/ID of our own git directory: nothing shows in the user's repository, and nothing is ever pushed.
#pragma once

#include <string>
#include <vector>

#include "engine/directory_map.hpp"
#include "engine/work_scan.hpp"

namespace kra {

struct SnapshotMeta {
  std::string id;
  std::int64_t at = 0;     // WallTime
  std::string reason;      // manual, sync, rollback, exit
  std::string held_by;     // writers that were in the middle of something
  std::string branch, head;  // of HEAD
  std::string operation;   // what was unfinished
  bool ignored = false;
  bool has_index = false;
  std::int64_t index_at_ns = 0;  // when it was written; 0: not known
  std::uint64_t files = 0, changed = 0;  // changed: files that differ from HEAD
  struct Mode {
    std::string path;
    std::uint32_t permissions = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit visit) {
      visit("path", self.path);
      visit("permissions", self.permissions);
    }
  };
  std::vector<Mode> modes;                      // of files and directories that do not have the usual ones
  std::vector<std::string> empty_directories;   // those without any file below
  struct Skipped {
    std::string path, why;
    template <class Self, class Visit>
    static void fields(Self& self, Visit visit) {
      visit("path", self.path);
      visit("why", self.why);
    }
  };
  std::vector<Skipped> skipped;
  std::string tree;  // W; not stored

  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("id", self.id);
    visit("at", self.at);
    visit("reason", self.reason);
    visit("held_by", self.held_by);
    visit("branch", self.branch);
    visit("head", self.head);
    visit("operation", self.operation);
    visit("ignored", self.ignored);
    visit("has_index", self.has_index);
    visit("index_at_ns", self.index_at_ns);
    visit("files", self.files);
    visit("changed", self.changed);
    visit("modes", self.modes);
    visit("empty_directories", self.empty_directories);
    visit("skipped", self.skipped);
  }
};

struct SnapshotRequest {
  std::string reason = "manual";
  std::string held_by = {};
  bool ignored = false;
};

struct SnapshotTaken {
  SnapshotMeta meta;
  std::shared_ptr<const WorkState> state;  // as look_at_tree() gives it
};

// Neither the work tree nor anything of the user's repository is changed. A state that equals the newest snapshot's is not taken twice when the
// reason is not manual: that one comes back.
Result<SnapshotTaken> take_snapshot(SyncStore& store, const SnapshotRequest& request, const Patience& patience);

// Newest first.
Result<std::vector<SnapshotMeta>> list_snapshots(SyncStore& store, const Patience& patience);
// An id or the beginning of one, as long as no other begins so; not_found otherwise.
Result<SnapshotMeta> find_snapshot(SyncStore& store, const std::string& id, const Patience& patience);
// Forgets all but the newest `kept`; how many went. What only they held is gone from the disk, unless it is younger than an hour.
Result<std::uint64_t> clean_snapshots(SyncStore& store, std::uint64_t kept, const Patience& patience);
// Of those beyond the newest `kept` the last of each hour of a day stays, then the last of each day, up to that age.
Result<void> thin_snapshots(SyncStore& store, std::uint64_t kept, Milliseconds age, WallTime now, const Patience& patience);
// Writes a git bundle that holds the snapshot with the commits that it needs, complete by itself.
Result<void> bundle_snapshot(SyncStore& store, const SnapshotMeta& snapshot, const std::string& file, const Patience& patience);
// The snapshot of a bundle becomes one of the store again. not_found: no such file; refused: it holds none.
Result<SnapshotMeta> take_in_bundle(SyncStore& store, const std::string& file, const Patience& patience);

// Makes sure that the store has the user's commits; those that cannot be had are left out of what comes back.
Result<std::vector<std::string>> keep_commits(SyncStore& store, std::vector<std::string> oids, const Patience& patience);

inline constexpr std::string_view snapshot_refs = "refs/kra/snapshots/";

}  // namespace kra
