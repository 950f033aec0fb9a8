#include "engine/sync_converted.hpp"

#include "base/text.hpp"

namespace kra {

Result<std::set<std::string>> made_by_git(SyncStore& store, const IndexMap& index, const std::map<std::string, std::string>& blobs, const Patience& patience) {
  std::set<std::string> made;
  for (const auto& [path, oid] : blobs) {
    const auto [first, last] = index.equal_range(path);
    if (first != last && std::next(first) == last && first->second.stage == 0 && first->second.oid == oid) made.insert(path);
  }
  if (made.empty()) return made;
  // Names only: what a file looks like is compared, not what is in it. In our own git directory, where no attribute names a filter.
  GitCall call{.arguments = {"diff-files", "-z", "--name-only"}, .environment = {cat("GIT_INDEX_FILE=", store.place().git, "/index")}};
  const auto output = TRY(store.git_with_tree().ask(std::move(call), patience));
  for (const auto path : split(output, std::string_view("\0", 1))) made.erase(std::string(path));
  return made;
}

}  // namespace kra
