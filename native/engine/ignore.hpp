// What git ignores, decided without git: gitignore(5) and the order of its sources. Tested against `git check-ignore`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "os/disk.hpp"

namespace kra {

// Whether the whole of `text` matches a glob as git's path patterns have it: `*`, `?` and `[...]` match no slash; `**` between slashes (or at
// an end) matches any number of directories; `\` takes the next character as it is. Time and memory: at most the product of both lengths.
bool glob_matches(std::string_view pattern, std::string_view text, bool fold_case = false);

// One file of patterns, and the directory that they are relative to.
class IgnorePatterns {
 public:
  enum class Verdict { none, ignored, kept };  // kept: by a pattern that begins with `!`

  // `base`: below the work tree, with a slash at the end, or empty.
  IgnorePatterns(std::string_view text, std::string base, bool fold_case);
  bool empty() const { return patterns_.empty(); }
  // The last pattern that matches decides. `path` is relative to the work tree.
  Verdict of(std::string_view path, bool directory) const;

 private:
  struct Pattern {
    std::string text;
    std::size_t literal = 0;  // so many bytes at the front are no glob
    bool negated = false, only_directories = false;
    bool name_only = false;   // has no slash: is matched against the last part of a path
  };
  bool matches(const Pattern& pattern, std::string_view below, std::string_view name) const;
  std::vector<Pattern> patterns_;
  std::string base_;
  bool fold_case_;
};

// The patterns that count in one directory: its own, then those above, then .git/info/exclude, then core.excludesFile. A value that is
// shared by all directories below which have no .gitignore.
class IgnoreRules {
 public:
  // Nothing is ignored but .git.
  IgnoreRules() = default;
  // Of the top of a work tree: its .git/info/exclude, core.excludesFile (of the repository's, then the user's configuration; else
  // ~/.config/git/ignore), core.ignoreCase. Its .gitignore is not in it yet: that is entered.
  static IgnoreRules of_work_tree(Disk& disk, const std::string& root, const std::string& common_directory);

  // The rules inside `directory` (of which these are the parent's), given the text of its .gitignore. `below`: its path relative to the work
  // tree, empty for the top.
  IgnoreRules entered(std::string_view below, std::string_view gitignore) const;

  // Of an entry of the directory that these are the rules of; `path` relative to the work tree. What lies in an ignored directory is ignored too,
  // which whoever walks knows.
  bool ignores(std::string_view path, bool directory) const;

 private:
  struct Level {
    std::shared_ptr<const Level> above;
    IgnorePatterns patterns;
  };
  std::shared_ptr<const Level> innermost_;
  bool fold_case_ = false;
};

// The work tree that a directory is the top of.
struct WorkTree {
  std::string root;
  std::string git_directory;     // of this work tree: HEAD, index, index.lock
  std::string common_directory;  // of the repository: config, info/exclude
};
// Whether `directory` has a .git that leads to a repository.
bool is_work_tree(Disk& disk, const std::string& directory, WorkTree& found);
// The nearest work tree at or above the directory; its root is empty when there is none.
WorkTree work_tree_of(Disk& disk, std::string directory);
// The rules that count inside `directory`, which is the top of the work tree or below it.
IgnoreRules ignore_rules_of(Disk& disk, const WorkTree& tree, const std::string& directory);
// Whether git would ignore the file or directory at this path of the work tree, as `git check-ignore --no-index` says.
bool is_ignored(Disk& disk, const WorkTree& tree, const std::string& path, bool directory);

}  // namespace kra
