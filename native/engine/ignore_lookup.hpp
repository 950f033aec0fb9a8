// Whether a scan is to leave out a path, by the rules of the work tree and of the store's own list, as `git ls-files -o --exclude-standard` does
// with that list: asked path by path, each .gitignore read once.
#pragma once

#include <map>
#include <string>

#include "engine/ignore.hpp"
#include "engine/sync_store.hpp"

namespace kra {

class IgnoreLookup {
 public:
  // `index` is the user's: a directory that it names files in is no other repository.
  IgnoreLookup(SyncStore& store, const IndexMap& index) : store_(store), index_(index) {}
  // Itself or a directory above it is ignored, or is another repository: that one is noted in `nested`, unless it is ignored.
  bool ignored(const std::string& path, bool directory, std::map<std::string, std::string>& nested);

 private:
  struct Inside {
    bool ignored = false;
    IgnoreRules rules;
  };
  const Inside& inside(const std::string& directory, std::map<std::string, std::string>& nested);
  IgnoreRules entered(const IgnoreRules& above, const std::string& directory) const;

  bool has_files(const std::string& directory) const;

  SyncStore& store_;
  const IndexMap& index_;
  std::map<std::string, Inside> known_;
};

}  // namespace kra
