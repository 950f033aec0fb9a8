// What a work tree holds, as a tree in the store: every file that git would not ignore, with its bytes as they are on disk. A file is read only
// when it looks different from the last time, and only while nobody is writing it. What cannot be read now keeps what it had, and is named.
#pragma once

#include <map>
#include <memory>
#include <set>
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
  bool later = false;                       // something else is written next through the same session: both reach the disk together
  std::uint64_t size_limit = 50U << 20;     // larger files are skipped
  Milliseconds busy_patience{40};           // for each file that is being written
};

// What the last scan found; an empty state when there was none, or its note does not fit the store any more.
WorkState load_scan(SyncStore& store, bool ignored, const Patience& patience);
// Looks at the whole work tree and writes what is new into the store (refs/kra/work, or refs/kra/work-ignored). `index` is the user's.
Result<WorkState> scan_work_tree(SyncStore& store, const IndexMap& index, WorkState before, const ScanOptions& options, const Patience& patience);

// The user's index; empty when there is none.
struct UserIndex {
  std::string bytes;
  std::string sum;                    // of the bytes (peers/git_index_sum.hpp)
  IndexMap entries;
  std::vector<std::string> left_out;  // paths of a sparse checkout that need not be there
  IndexMap others;                    // repositories inside
};
Result<UserIndex> read_user_index(Disk& disk, const RepositoryPlace& place);
// Its two halves.
Result<std::string> read_index_bytes(Disk& disk, const RepositoryPlace& place);
Result<UserIndex> index_of(std::string bytes, const RepositoryPlace& place);
// The same; what the store remembers when the file is still that. Then it is without its bytes, unless they are asked for and not in the store.
Result<std::shared_ptr<UserIndex>> user_index(SyncStore& store, bool with_bytes = false);
// We have replaced the index that had the sum `before` by one that has `after`, and other entries for these paths: what is remembered goes along.
void index_moved(SyncStore& store, const std::string& before, const std::vector<PathChange>& changes, const std::string& after);

// What the work tree holds now: the two above in one, and only where something has happened when the store has a memory of it and the last
// look at everything is no more than 10 minutes old. Good until the next look.
Result<std::shared_ptr<const WorkState>> look_at_tree(SyncStore& store, std::shared_ptr<const UserIndex> index, const ScanOptions& options, const Patience& patience);

// Who kra is in commits of its own store.
std::string own_identity(WallTime now);

}  // namespace kra
