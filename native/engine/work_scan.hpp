// What a work tree holds, as a tree in the store: every file that git would not ignore, with its bytes as they are on disk. A file is read only
// when it looks different from the last time, and only while nobody is writing it. What cannot be read now keeps what it had, and is named.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/sync_store.hpp"

namespace kra {

inline constexpr const char* skipped_secret = "secret";  // by its name, and git does not have it

struct ScannedFile {
  TreeEntry entry;
  FileLook look;
  bool settled = false;  // read so long after its last change that a later change shows in `look`
};

struct WorkState {
  std::map<std::string, ScannedFile, std::less<>> files;
  std::string commit, tree;                    // of the files; empty: never scanned
  std::map<std::string, std::string> skipped;  // path -> why it was not read: "busy", "too big", "nested", "unreadable", skipped_secret
  std::uint64_t changed = 0;                   // files that differ from the state before
};

struct ScanOptions {
  bool ignored = false;                     // ignored files too
  std::vector<std::string> paths = {};      // only these may have changed; empty: any
  std::uint64_t size_limit = 50U << 20;     // larger files are skipped
  Milliseconds busy_patience{40};           // for each file that is being written
};

// What the last scan found; an empty state when there was none, or its note does not fit the store any more.
WorkState load_scan(SyncStore& store, bool ignored, const Patience& patience);
// Looks at the work tree and writes what is new into the store (refs/kra/work, or refs/kra/work-ignored). `index` is the user's.
Result<WorkState> scan_work_tree(SyncStore& store, const IndexMap& index, WorkState before, const ScanOptions& options, const Patience& patience);

// The user's index; empty when there is none.
struct UserIndex {
  std::string bytes;
  IndexMap entries;
};
Result<UserIndex> read_user_index(Disk& disk, const RepositoryPlace& place);

// Who kra is in commits of its own store.
std::string own_identity(WallTime now);

}  // namespace kra
