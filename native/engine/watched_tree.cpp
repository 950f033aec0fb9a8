#include "engine/watched_tree.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra {

static constexpr std::chrono::seconds retry_pause{1};
static constexpr std::size_t names_in_status = 8;

WatchedTree::WatchedTree(DirectoryWatch* watch, Disk& disk, std::size_t budget, Loaded loaded, Polls polls)
    : watch_(watch), disk_(disk), budget_(budget), loaded_(std::move(loaded)), polls_(std::move(polls)) {}

// --- nodes --------------------------------------------------------------------------------------------------------------------------------

std::string WatchedTree::path_of(int node) const {
  const auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.parent < 0) return directory.name;
  return path_in(directory.parent, directory.name);
}

std::string WatchedTree::path_in(int node, const std::string& name) const {
  auto path = path_of(node);
  if (path != "/") path.push_back('/');
  return path.append(name);
}

int WatchedTree::top_of(int node) const {
  while (nodes_[static_cast<std::size_t>(node)].parent >= 0) node = nodes_[static_cast<std::size_t>(node)].parent;
  return node;
}

std::string WatchedTree::root_of(int node) const {
  const auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.tree >= 0) return trees_[static_cast<std::size_t>(directory.tree)].place.root;
  return directory.inside ? path_of(top_of(node)) : "";
}

int WatchedTree::find(const std::string& path) const {
  // The nearest top at or above, then down by name.
  for (auto front = path;;) {
    if (auto top = tops_.find(front); top != tops_.end()) {
      int node = top->second;
      auto rest = front.size() < path.size() ? std::string_view(path).substr(front == "/" ? 1 : front.size() + 1) : std::string_view();
      for (auto name : split(rest, "/")) {
        if (name.empty()) continue;
        const auto& entries = nodes_[static_cast<std::size_t>(node)].entries;
        auto at = std::lower_bound(entries.begin(), entries.end(), name, [](const Entry& entry, std::string_view sought) { return entry.name < sought; });
        node = at != entries.end() && at->name == name ? at->child : -1;
        if (node < 0) break;
      }
      if (node >= 0) return node;
    }
    if (front == "/" || front.empty()) return -1;
    front = directory_part(front);
  }
}

int WatchedTree::add_node(int parent, const std::string& name) {
  int node;
  if (free_.empty()) {
    node = static_cast<int>(nodes_.size());
    nodes_.emplace_back();
  } else {
    node = free_.back();
    free_.pop_back();
    nodes_[static_cast<std::size_t>(node)] = {};
  }
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.parent = parent;
  directory.name = name;
  directory.serial = next_serial_++;
  if (parent < 0) tops_[name] = node;
  return node;
}

void WatchedTree::free_node(int node) {
  stop_watch(node);
  leave_tree(node);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.parent < 0) tops_.erase(directory.name);
  change(node, [](Directory& unused) {
    unused = {};
    unused.used = false;
  });
  free_.push_back(node);
}

void WatchedTree::enqueue(int node, bool announces, bool first) {
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.announces = directory.announces || announces;
  if (directory.queued) return;
  directory.queued = true;
  first ? queue_.push_front(node) : queue_.push_back(node);
}

static auto by_name(const std::string& name) {
  return [&name](const auto& entry) { return entry.name < name; };
}

WatchedTree::Entry* WatchedTree::entry_of(int node, const std::string& name) {
  auto& entries = nodes_[static_cast<std::size_t>(node)].entries;
  auto at = std::partition_point(entries.begin(), entries.end(), by_name(name));
  return at != entries.end() && at->name == name ? &*at : nullptr;
}

WatchedTree::Entry& WatchedTree::entry_for(int node, const std::string& name) {
  auto& entries = nodes_[static_cast<std::size_t>(node)].entries;
  auto at = std::partition_point(entries.begin(), entries.end(), by_name(name));
  if (at == entries.end() || at->name != name) at = entries.insert(at, Entry{name});
  return *at;
}

void WatchedTree::erase_entry(int node, const std::string& name) {
  auto& entries = nodes_[static_cast<std::size_t>(node)].entries;
  auto at = std::partition_point(entries.begin(), entries.end(), by_name(name));
  if (at != entries.end() && at->name == name) entries.erase(at);
}

// --- watches ------------------------------------------------------------------------------------------------------------------------------

bool WatchedTree::is_blind(const Directory& directory) { return directory.held > 0 && (directory.watch < 0 || directory.silent); }

void WatchedTree::hold(int node, int more) {
  bool silent = !silent_.empty() && silent_.count(path_of(node)) > 0;
  change(node, [&](Directory& directory) {
    directory.held += more;
    directory.silent = silent;
  });
}

void WatchedTree::set_watch(int node, int watch) {
  change(node, [&](Directory& directory) { directory.watch = watch; });
}

// It is tried again when its permissions change: the directory above tells. Of one that stands alone somebody has to look.
void WatchedTree::refuse(int node, bool refused) {
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.unreadable = refused;
  if (refused && directory.parent < 0 && !retry_) retry_ = Clock::now() + retry_pause;
}

void WatchedTree::disbelieve(const std::string& path) {
  silent_.insert(path);
  if (int node = find(path); node >= 0) change(node, [](Directory& directory) { directory.silent = true; });
}

WatchedTree::Started WatchedTree::start_watch(int node) {
  auto path = path_of(node);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.watch >= 0 || !watch_ || directory.polled) return Started::yes;
  // Until it is told otherwise below: this one is not seen.
  ++losses_;
  if (directory.held == 0 && watched_ >= budget_) return limit(node), Started::full;
  auto added = watch_->add(path);
  if (!added) {
    refuse(node, added.error().fault == Fault::refused);
    if (added.error().fault == Fault::busy) return limit(node), Started::full;
    return added.error().fault == Fault::not_found ? Started::gone : Started::yes;
  }
  directory.absent = directory.unreadable = false;
  auto [at, is_new] = by_watch_.emplace(*added, node);
  if (!is_new) {
    // The same directory under two names. Either it was moved here and the old name is not given up yet, or (a bind mount) its changes are
    // told under the first one.
    auto there = stamp_of(path_of(at->second)), here = stamp_of(path);
    if (there.device == here.device && there.inode == here.inode) return Started::yes;
    set_watch(at->second, -1);
    at->second = node;
    --watched_;
    doubt_touched();
  }
  set_watch(node, *added);
  ++watched_;
  --losses_;
  return Started::yes;
}

void WatchedTree::stop_watch(int node) {
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.watch < 0) return;
  if (git_by_watch_.count(directory.watch) == 0) watch_->remove(directory.watch);
  by_watch_.erase(directory.watch);
  set_watch(node, -1);
  --watched_;
  ++losses_;
}

int WatchedTree::tree_for(const WorkTree& place) {
  for (std::size_t at = 0; at < trees_.size(); ++at)
    if (trees_[at].users > 0 && trees_[at].place.root == place.root) return static_cast<int>(at);
  auto unused = std::find_if(trees_.begin(), trees_.end(), [](const Tree& tree) { return tree.users == 0; });
  auto at = unused == trees_.end() ? trees_.insert(trees_.end(), Tree()) : unused;
  *at = {.place = place};
  if (auto added = watch_ ? watch_->add(place.git_directory) : Result<int>(Error{Fault::busy, ""}); added) {
    at->watch = *added;
    git_by_watch_[*added] = static_cast<int>(at - trees_.begin());
  }
  return static_cast<int>(at - trees_.begin());
}

void WatchedTree::enter_tree(int node, int tree) {
  if (tree >= 0) ++trees_[static_cast<std::size_t>(tree)].users;
  leave_tree(node);
  nodes_[static_cast<std::size_t>(node)].tree = tree;
}

void WatchedTree::leave_tree(int node) {
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.tree < 0) return;
  auto& tree = trees_[static_cast<std::size_t>(directory.tree)];
  directory.tree = -1;
  if (--tree.users > 0) return;
  if (tree.watch >= 0) {
    git_by_watch_.erase(tree.watch);
    if (by_watch_.count(tree.watch) == 0) watch_->remove(tree.watch);
  }
  tree = {};
}

void WatchedTree::look_at_lock(int tree, TreeEvents& out) {
  take_lock(tree, stamp_of(trees_[static_cast<std::size_t>(tree)].place.git_directory + "/index.lock").exists, out);
}

void WatchedTree::take_lock(int tree, bool locked, TreeEvents& out) {
  auto& place = trees_[static_cast<std::size_t>(tree)];
  if (locked == place.locked) return;
  place.locked = locked;
  out.push_back({.what = locked ? TreeEvent::What::git_begins : TreeEvent::What::git_ends, .root = place.place.root});
}

// --- holding ------------------------------------------------------------------------------------------------------------------------------

void WatchedTree::enter_root(int node) {
  auto path = path_of(node);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.inside = true;
  directory.scanned = false;
  directory.polled = polls_(path);
  directory.limited = !watch_ || directory.polled;
}

void WatchedTree::hold_root(const std::string& root) {
  int node = find(root);
  if (node < 0) node = add_node(-1, root);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  ++directory.held_as_root;
  if (directory.inside) return;
  enter_root(node);
  enqueue(node, false);
}

void WatchedTree::hold_directory(const std::string& path) {
  int node = find(path);
  if (node < 0) node = add_node(-1, path);
  hold(node, 1);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  // Watched at once: what is read of the file after this cannot be older than what is told later.
  if (directory.watch >= 0) return;
  directory.polled = directory.polled || polls_(path);
  if (start_watch(node) != Started::gone) return;
  nodes_[static_cast<std::size_t>(node)].absent = true;
  if (!retry_) retry_ = Clock::now() + retry_pause;
}

void WatchedTree::release_directory(const std::string& path) {
  int node = find(path);
  if (node < 0 || nodes_[static_cast<std::size_t>(node)].held == 0) return;
  hold(node, -1);
  const auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.held == 0 && !directory.inside && directory.held_as_root == 0) free_node(node);
}

bool WatchedTree::holds_directory(const std::string& path) const {
  int node = find(path);
  return node >= 0 && nodes_[static_cast<std::size_t>(node)].held > 0;
}

void WatchedTree::release_root(const std::string& root) {
  int node = find(root);
  if (node < 0 || nodes_[static_cast<std::size_t>(node)].held_as_root == 0) return;
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (--directory.held_as_root > 0 || directory.parent >= 0) return;
  shrink(node);
  if (nodes_[static_cast<std::size_t>(node)].held == 0) free_node(node);
}

// No longer part of a tree above: stands alone while somebody holds it.
void WatchedTree::detach(int node) {
  auto path = path_of(node);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.parent = -1;
  directory.name = path;
  tops_[path] = node;
  refuse(node, directory.unreadable);
}

// The directory stays, what was watched below it because of it does not.
void WatchedTree::shrink(int node) {
  auto entries = std::move(nodes_[static_cast<std::size_t>(node)].entries);
  for (auto& entry : entries) {
    if (entry.child < 0) continue;
    if (nodes_[static_cast<std::size_t>(entry.child)].held_as_root > 0) {
      detach(entry.child);
      continue;
    }
    shrink(entry.child);
    if (nodes_[static_cast<std::size_t>(entry.child)].held > 0) detach(entry.child);
    else free_node(entry.child);
  }
  leave_tree(node);
  nodes_[static_cast<std::size_t>(node)].inside = false;
}

// Too many directories: of this root only those of loaded files stay watched, and git's.
void WatchedTree::limit(int node) {
  int top = top_of(node);
  auto& directory = nodes_[static_cast<std::size_t>(top)];
  if (!directory.inside) return;
  directory.limited = true;
  doubt_touched();
  auto tree = directory.tree;
  if (tree >= 0) ++trees_[static_cast<std::size_t>(tree)].users;
  shrink(top);
  directory.tree = tree;
  directory.inside = true;
}

// --- telling about itself -----------------------------------------------------------------------------------------------------------------

bool WatchedTree::is_limited(const std::string& root) const {
  int node = find(root);
  return node >= 0 && nodes_[static_cast<std::size_t>(node)].limited;
}

bool WatchedTree::is_watched(const std::string& directory) const {
  int node = find(directory);
  return node >= 0 && nodes_[static_cast<std::size_t>(node)].watch >= 0;
}

bool WatchedTree::tells_of(const std::string& directory) const {
  int node = find(directory);
  return node >= 0 && nodes_[static_cast<std::size_t>(node)].watch >= 0 && !nodes_[static_cast<std::size_t>(node)].silent;
}

std::string WatchedTree::git_directory(const std::string& root) const {
  for (const auto& tree : trees_)
    if (tree.users > 0 && tree.place.root == root) return tree.place.git_directory;
  return "";
}

WatchedTree::Status WatchedTree::status() const {
  Status status{.directories = watched_, .budget = budget_, .overflows = overflows_, .doubtful = doubtful_};
  for (std::size_t at = 0; at < nodes_.size(); ++at) {
    const auto& directory = nodes_[at];
    if (!directory.used) continue;
    if (directory.unreadable && status.unreadable++ < names_in_status) status.refused.push_back(path_of(static_cast<int>(at)));
    if (directory.absent && status.absent.size() < names_in_status) status.absent.push_back(path_of(static_cast<int>(at)));
    if (directory.held_as_root == 0) continue;
    auto path = path_of(static_cast<int>(at));
    if (directory.polled) status.polled.push_back(path);
    else if (directory.limited) status.limited.push_back(path);
    status.roots.push_back(std::move(path));
  }
  return status;
}

}  // namespace kra
