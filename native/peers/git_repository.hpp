// A user's repository as it lies on disk: where its parts are, what HEAD says, which operation is unfinished, what the index holds. All of it is
// read from files; no git is started and nothing of the repository's runs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "os/disk.hpp"

namespace kra {

struct RepositoryPlace {
  std::string root;    // the work tree
  std::string git;     // its own git directory (of a linked work tree: below the common one)
  std::string common;  // objects, references, config
  std::string config;  // the text of config
  bool sha256 = false;
};

// The repository whose work tree `root` (absolute) is the top of. not_found: no repository; refused: a bare one, or one that keeps its
// references in a way that kra cannot read.
Result<RepositoryPlace> find_repository(Disk& disk, const std::string& root);
// The top of the work tree that `directory` lies in; not_found when it lies in none.
Result<std::string> find_root(Disk& disk, const std::string& directory);

struct Head {
  std::string branch;  // without refs/heads/; empty: detached
  std::string oid;     // empty: no commit yet
  std::string ref() const { return branch.empty() ? "HEAD" : "refs/heads/" + branch; }
  friend bool operator==(const Head&, const Head&) = default;
};
Result<Head> read_head(Disk& disk, const RepositoryPlace& place);
// The object of a reference, "" when there is none; follows no symbolic one.
Result<std::string> read_ref(Disk& disk, const RepositoryPlace& place, const std::string& ref);

// "rebase", "merge", "cherry-pick", "revert", "bisect", "am"; empty when none is unfinished.
std::string unfinished_operation(Disk& disk, const RepositoryPlace& place);
// Files and directories of the git directory that make up an unfinished operation, as far as they are there.
std::vector<std::string> operation_files(Disk& disk, const RepositoryPlace& place);

struct IndexEntry {
  std::string mode, oid;
  int stage = 0;
  bool skip_worktree = false;
  bool intent_to_add = false;
};
// By path; a path in conflict has several.
using IndexMap = std::multimap<std::string, IndexEntry, std::less<>>;
// git's index, version 2 to 4 (gitformat-index(5)). refused: one that is split or sparse; corrupt: not an index.
Result<IndexMap> parse_index(std::string_view file, bool sha256);

}  // namespace kra
