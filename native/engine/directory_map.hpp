// The directories of a work tree, which git does not know: their permissions, and those that no file lies below. Looked at whole once, then only
// where something has happened.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/work_scan.hpp"

namespace kra {

// Directories with their permissions, and those that no file lies below (git-ignored or not).
struct DirectoryState {
  std::map<std::string, std::uint32_t, std::less<>> modes;  // of all
  std::vector<std::string> empty;
};

class DirectoryMap {
 public:
  // A file of the state came, or went.
  void came(const std::string& path) { count(path, 1); }
  void went(const std::string& path) { count(path, -1); }
  void changed(const std::string& path) { count(path, 0); }
  // Something has happened to what has this name, or below it.
  void touched(const std::string& path);
  // Looks at the directories that this is about.
  Result<void> look(const LiveTree& tree);
  DirectoryState state() const;

 private:
  static constexpr std::uint32_t unknown = ~0U;
  struct Found {
    std::uint32_t permissions = unknown;
    std::vector<std::pair<std::string, std::uint32_t>> empty;  // of those below it that have no files
    bool others = false;  // one below it has files that nobody counts (ignored ones, another repository): nobody tells of them
  };
  void count(const std::string& path, int by);
  Result<void> visit(const LiveTree& tree, const std::string& directory);
  std::map<std::string, std::int64_t, std::less<>> files_;  // at any depth, by directory
  std::map<std::string, Found, std::less<>> found_;         // those with files, and the root ("")
  std::set<std::string> again_ = {""};
};

// All of it, looked at now.
Result<DirectoryState> scan_directories(const LiveTree& tree, const WorkState& state);

}  // namespace kra
