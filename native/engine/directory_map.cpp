#include "engine/directory_map.hpp"

#include "base/text.hpp"

namespace kra {
namespace {

std::string above(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// The directories of a tree that no file lies below, itself first. False when a file does.
bool without_files(const LiveTree& tree, const std::string& directory, std::vector<std::string>& below) {
  below.push_back(directory);
  const auto names = tree.list(directory);
  if (!names) return false;
  for (const auto& name : *names)
    if (!name.directory || name.name == ".git" || !without_files(tree, cat(directory, "/", name.name), below)) return false;
  return true;
}

}  // namespace

void DirectoryMap::count(const std::string& path, int by) {
  for (auto directory = path; !directory.empty();) {
    directory = above(directory);
    again_.insert(directory);
    if (directory.empty()) break;
    const auto at = files_.try_emplace(directory).first;
    if ((at->second += by) == 0) files_.erase(at);
  }
}

void DirectoryMap::touched(const std::string& path) {
  if (files_.contains(path)) again_.insert(path);
  const auto prefix = path + "/";
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix); ++at) again_.insert(at->first);
  // What it is called is the matter of the nearest directory above it that has files.
  auto directory = above(path);
  while (!directory.empty() && !files_.contains(directory)) directory = above(directory);
  again_.insert(directory);
}

Result<void> DirectoryMap::look(const LiveTree& tree) {
  for (const auto& [directory, found] : found_)
    if (found.others) again_.insert(directory);
  for (const auto& directory : again_)
    if (directory.empty() || files_.contains(directory)) TRY(visit(tree, directory));
    else found_.erase(directory);
  again_.clear();
  return {};
}

// Each directory with files looks at those of its directories that have none.
Result<void> DirectoryMap::visit(const LiveTree& tree, const std::string& directory) {
  auto& found = found_[directory] = {};
  if (!directory.empty()) {
    const auto look = TRY(tree.look(directory));
    if (look.kind != FileKind::directory) return {};
    found.permissions = look.permissions;
  }
  const auto names = tree.list(directory);
  if (!names) return {};
  for (const auto& name : *names) {
    const auto path = directory.empty() ? name.name : cat(directory, "/", name.name);
    if (!name.directory || files_.contains(path) || name.name == ".git" || path == ".kra") continue;
    std::vector<std::string> below;
    if (!without_files(tree, path, below)) {
      found.others = true;
      continue;
    }
    for (auto& each : below) {
      const auto look = tree.look(each);
      found.empty.emplace_back(std::move(each), look && look->kind == FileKind::directory ? look->permissions : unknown);
    }
  }
  return {};
}

DirectoryState DirectoryMap::state() const {
  DirectoryState state;
  for (const auto& [directory, found] : found_) {
    if (found.permissions != unknown) state.modes[directory] = found.permissions;
    for (const auto& [path, permissions] : found.empty) {
      if (permissions != unknown) state.modes[path] = permissions;
      state.empty.push_back(path);
    }
  }
  return state;
}

Result<DirectoryState> scan_directories(const LiveTree& tree, const WorkState& state) {
  DirectoryMap directories;
  for (const auto& [path, file] : state.files) directories.came(path);
  TRY(directories.look(tree));
  return directories.state();
}

}  // namespace kra
