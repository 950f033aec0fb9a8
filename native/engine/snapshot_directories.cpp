// Directories, which git does not know: their permissions, and the empty ones.
#include <set>

#include "base/text.hpp"
#include "engine/snapshot.hpp"

namespace kra {
namespace {

class Walk {
 public:
  Walk(const LiveTree& tree, const WorkState& state) : tree_(tree) {
    for (const auto& [path, file] : state.files)
      for (auto slash = path.rfind('/'); slash != std::string::npos && known_.insert(path.substr(0, slash)).second; slash = path.rfind('/', slash - 1)) {
        if (slash == 0) break;
      }
  }

  Result<DirectoryState> run() {
    TRY(visit(""));
    for (const auto& directory : known_) TRY(visit(directory));
    return std::move(found_);
  }

 private:
  // Each directory with files looks at those of its directories that have none.
  Result<void> visit(const std::string& directory) {
    if (!directory.empty()) {
      const auto look = TRY(tree_.look(directory));
      if (look.kind != FileKind::directory) return {};
      found_.modes[directory] = look.permissions;
    }
    auto names = tree_.list(directory);
    if (!names) return {};
    for (const auto& name : *names) {
      const auto path = directory.empty() ? name.name : cat(directory, "/", name.name);
      if (!name.directory || known_.contains(path) || name.name == ".git" || path == ".kra") continue;
      std::vector<std::string> below;
      if (!without_files(path, below)) continue;
      for (auto& each : below) {
        if (const auto look = tree_.look(each); look && look->kind == FileKind::directory) found_.modes[each] = look->permissions;
        found_.empty.push_back(std::move(each));
      }
    }
    return {};
  }

  bool without_files(const std::string& directory, std::vector<std::string>& below) {
    below.push_back(directory);
    const auto names = tree_.list(directory);
    if (!names) return false;
    for (const auto& name : *names)
      if (!name.directory || name.name == ".git" || !without_files(cat(directory, "/", name.name), below)) return false;
    return true;
  }

  const LiveTree& tree_;
  std::set<std::string> known_;
  DirectoryState found_;
};

}  // namespace

Result<DirectoryState> scan_directories(const LiveTree& tree, const WorkState& state) { return Walk(tree, state).run(); }

}  // namespace kra
