// Where something has happened, for one who looks himself: the system's words as they are, before anything is left out, put off or joined.
#include "engine/watched_tree.hpp"

#include "base/below.hpp"

namespace kra {

// Above so many it is quicker to look at everything.
static constexpr std::size_t most_touched = 20'000;

void WatchedTree::touch(const std::string& path) {
  for (auto& [root, touching] : touched_) {
    if (!touching.complete || !is_below(path, root)) continue;
    touching.paths.insert(path);
    if (touching.paths.size() > most_touched) touching = {};
  }
}

void WatchedTree::doubt_touched() {
  for (auto& [root, touching] : touched_) touching = {};
}

WatchedTree::Touched WatchedTree::touched(const std::string& root) {
  const int node = find(root);
  bool sees_all = node >= 0 && !working() && !doubtful_;
  if (sees_all) {
    const auto& directory = nodes_[static_cast<std::size_t>(node)];
    const auto& top = nodes_[static_cast<std::size_t>(top_of(node))];
    sees_all = directory.held_as_root > 0 && directory.inside && directory.scanned && directory.watch >= 0 && !directory.polled && !directory.absent && !top.limited && !top.polled;
  }
  auto& touching = touched_[root];
  Touched found{.everywhere = !sees_all || !touching.complete, .paths = std::move(touching.paths), .losses = losses_};
  touching = {.complete = sees_all, .paths = {}};
  if (found.everywhere) found.paths.clear();
  return found;
}

void WatchedTree::add_watched(int node, std::set<std::string>& paths) const {
  const auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.watch >= 0 && !directory.polled && directory.scanned) paths.insert(path_of(node));
  for (const auto& entry : directory.entries)
    if (entry.child >= 0) add_watched(entry.child, paths);
}

std::set<std::string> WatchedTree::watched_below(const std::string& root) const {
  std::set<std::string> paths;
  if (const int node = find(root); node >= 0) add_watched(node, paths);
  return paths;
}

}  // namespace kra
