// What a process that looks at the same work tree again and again keeps of it, so that a look costs what has changed and not what there is.
// Everything here may be forgotten at any time: then the next look is at everything.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/directory_map.hpp"
#include "os/scan.hpp"

namespace kra {

// Somebody who watches a work tree.
class ChangeFeed {
 public:
  virtual ~ChangeFeed() = default;
  struct Changes {
    bool everywhere = true;       // anything may have changed
    std::set<std::string> paths;  // below the root: where something has happened since the call before; a directory: anywhere below it
    std::uint64_t losses = 0;     // another number than before: watched() has changed
  };
  // All that happened before this call is in its answer, or in that of an earlier one.
  virtual Changes changes() = 0;
  // Directories, as paths below the root ("" is the root itself), in which nothing happens unseen.
  virtual std::set<std::string> watched() = 0;
};

struct TreeMemory {
  ChangeFeed* feed = nullptr;  // outlives this

  // The user's index, and what its file looked like.
  std::shared_ptr<UserIndex> index;
  FileStamp index_stamp;

  // The last look at the files: what it found, by which rules and which index.
  std::shared_ptr<WorkState> state;
  std::shared_ptr<const UserIndex> looked_with;
  std::string excludes;
  std::set<std::string> pending;  // told, and not looked at yet
  std::set<std::string> unseen;   // files in directories that nobody watches: looked at each time
  std::uint64_t losses = 0;
  Instant saw_all = {};           // when the last look at everything began

  // What a snapshot says of the whole tree (engine/tree_sums.hpp), but for the files in `news`, which had this before (nothing: they were not there).
  std::map<std::string, TreeEntry> news;
  bool summed = false;
  std::string head;
  std::shared_ptr<const UserIndex> index_summed;
  std::map<std::string, TreeEntry> differing;  // from `head`, which has this
  std::set<std::string> unusual;               // files with permissions of their own
  std::vector<std::pair<std::string, std::string>> staged;  // path and blob of the index that `head` does not have there
  DirectoryMap directories;
  bool has_index = false;
  std::string index_blob;  // of `index_summed`, in the store; empty: it is not there
  std::set<std::string> index_news;  // paths for which `index_summed` has got other entries since

  // The index that nothing was staged in, against this commit.
  std::shared_ptr<const UserIndex> agreed;
  std::string agreed_head;

  void forget() { *this = TreeMemory{.feed = feed}; }
};

}  // namespace kra
