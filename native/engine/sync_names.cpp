#include "engine/sync_names.hpp"

#include <set>

#include "base/fold.hpp"
#include "base/text.hpp"

namespace kra {
namespace {

using Files = decltype(WorkState::files);

class Names {
 public:
  Names(const std::vector<PathChange>& changes, const Files& files) : files_(files) {
    for (const auto& change : changes)
      if (!change.after) gone_.insert(change.path);
  }

  // The name that stands in the way of this path; empty: none, and the path's own names are taken now.
  std::string in_the_way(const std::string& path) {
    for (std::size_t from = 0; from <= path.size();) {
      const auto to = std::min(path.find('/', from), path.size());
      auto& names = level(path.substr(0, from));
      const auto name = path.substr(from, to - from), key = folded(name);
      const auto [first, last] = names.equal_range(key);
      bool known = false;
      for (auto at = first; at != last; ++at) known = known || at->second == name;
      if (!known && first != last) return path.substr(0, from) + first->second;
      if (!known) names.emplace(key, name);
      from = to + 1;
    }
    return "";
  }

 private:
  using Level = std::multimap<std::string, std::string>;  // folded -> as it is

  // The names in a directory ("" or "dir/") of which something stays.
  Level& level(const std::string& directory) {
    const auto [found, made] = levels_.try_emplace(directory);
    if (!made) return found->second;
    for (auto at = files_.lower_bound(directory); at != files_.end() && at->first.starts_with(directory);) {
      const auto slash = at->first.find('/', directory.size());
      if (gone_.contains(at->first)) {
        ++at;
        continue;
      }
      const auto name = at->first.substr(directory.size(), slash == std::string::npos ? slash : slash - directory.size());
      found->second.emplace(folded(name), name);
      // Past everything below it: '0' comes after '/'.
      if (slash == std::string::npos) ++at;
      else at = files_.lower_bound(cat(directory, name, "0"));
    }
    return found->second;
  }

  const Files& files_;
  std::set<std::string, std::less<>> gone_;
  std::map<std::string, Level> levels_;
};

}  // namespace

HeldPaths colliding_names(const std::vector<PathChange>& changes, const std::map<std::string, ScannedFile, std::less<>>& files) {
  HeldPaths held;
  Names names(changes, files);
  for (const auto& change : changes) {
    if (change.before || !change.after) continue;
    if (const auto other = names.in_the_way(change.path); !other.empty())
      held[change.path] = cat("on some systems its name is that of ", printable(other), "; `kra sync --confirm` takes both");
  }
  return held;
}

}  // namespace kra
