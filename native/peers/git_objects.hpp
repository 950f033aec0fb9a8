// Trees, blobs and commits of a git directory, read and written in few calls. Object ids are hexadecimal text; an empty one means "none".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "peers/git_run.hpp"

namespace kra {

// What a tree says of a path.
struct TreeEntry {
  std::string mode;  // 100644, 100755, 120000 (link), 160000 (another repository)
  std::string oid;
  explicit operator bool() const { return !oid.empty(); }
  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};
using TreeMap = std::map<std::string, TreeEntry, std::less<>>;

struct PathChange {
  std::string path;
  TreeEntry before, after;  // empty: not there
};

// The tree without entries and the file without a byte, by the length of the ids.
std::string empty_tree(bool sha256);
std::string empty_blob(bool sha256);

// `from` and `to` name trees or commits. Sorted by path.
Result<std::vector<PathChange>> diff_trees(const Git& git, const std::string& from, const std::string& to, const Patience& patience);
// All files of a tree or commit, below `under` when that is given (its name included).
Result<TreeMap> list_tree(const Git& git, const std::string& tree, const Patience& patience, const std::string& under = {});
// The entries of one level, directories included.
Result<TreeMap> list_level(const Git& git, const std::string& tree, const Patience& patience);
// The bytes of each object, in the order of `oids`. Fault::corrupt when one is missing.
Result<std::vector<std::string>> read_blobs(const Git& git, const std::vector<std::string>& oids, const Patience& patience);
// Which of the objects are not there.
Result<std::vector<std::string>> missing_objects(const Git& git, const std::vector<std::string>& oids, const Patience& patience);

// Object ids by the name of the reference, for those below `prefix`.
Result<std::map<std::string, std::string>> list_refs(const Git& git, const std::string& prefix, const Patience& patience);
// The object that a name means, or empty.
Result<std::string> resolve(const Git& git, const std::string& name, const Patience& patience);

struct RefChange {
  std::string name, to, from;  // `to` empty: removed. `from` empty: whatever it was
};
// All or none.
Result<void> change_refs(const Git& git, const std::vector<RefChange>& changes, const Patience& patience);

// Objects to be written in one go, by one git. Marks are numbers that stand for objects in the same go: data and parents are either an object id
// or what mark_text() gives.
class Import {
 public:
  struct Change {
    std::string path;  // empty: the whole tree
    std::string mode;  // empty: removed
    std::string data;
  };
  struct Commit {
    std::string ref;  // moved there, whatever it was, once everything is on disk; empty: nothing refers to the commit
    std::string author, committer;  // "Name <mail> 1700000000 +0000"; no author: the committer
    std::string message;
    std::vector<std::string> parents;
    std::vector<Change> changes;  // from an empty tree
  };
  struct Written {
    std::map<int, std::string> oids;   // of all marks
    std::map<int, std::string> trees;  // of the commits among them
  };

  int blob(std::string_view bytes);
  int commit(const Commit& commit);
  static std::string mark_text(int mark);
  bool empty() const { return marks_ == 0; }
  std::size_t bytes() const { return stream_.size(); }

  // `later`: for others it is there no sooner than what the same session does next (GitSession::import()); only without references.
  Result<Written> run(const Git& git, const Patience& patience, bool later = false);

 private:
  std::string stream_;
  int marks_ = 0;
  std::vector<int> commits_;
  std::vector<std::string> refs_;
};

}  // namespace kra
