// Reading directories: what is there, what is news, which rules count.
#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "engine/watched_tree.hpp"

namespace kra {

static constexpr std::uint64_t ignore_file_limit = 4U << 20;

std::string WatchedTree::below_tree(int node) const {
  const auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.tree < 0) return "";
  auto path = path_of(node);
  auto root = trees_[static_cast<std::size_t>(directory.tree)].place.root.size();
  return path.size() > root + 1 ? path.substr(root == 1 ? 1 : root + 1) + "/" : "";
}

bool WatchedTree::counts(int node, const std::string& name, bool directory) const {
  const auto& in = nodes_[static_cast<std::size_t>(node)];
  if (!in.inside || name == ".git") return false;
  return in.tree < 0 || !in.rules.ignores(below_tree(node) + name, directory);
}

void WatchedTree::tell(TreeEvents& out, TreeEvent::What what, int node, std::string path, bool known, std::string from) {
  // What a directory's entries say is news too, to whoever looks himself.
  if (!touched_.empty()) touch(path);
  out.push_back({what, std::move(path), std::move(from), root_of(node), known});
}

bool WatchedTree::work(TreeEvents& out, Instant until) {
  if (!take_told(out, until)) return true;
  for (int count = 1; !queue_.empty(); ++count) {
    auto node = queue_.front();
    queue_.pop_front();
    const auto& directory = nodes_[static_cast<std::size_t>(node)];
    if (directory.used && directory.queued) scan(node, out);
    if (count % 16 == 0 && Clock::now() >= until) break;
  }
  if (!queue_.empty()) return true;
  doubtful_ = false;
  return false;
}

void WatchedTree::scan(int node, TreeEvents& out) {
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.queued = false;
  bool announces = std::exchange(directory.announces, false), was_shut = directory.unreadable;
  auto started = start_watch(node);
  if (started == Started::full) return;
  if (started == Started::gone) return vanish(node, out);
  if (announces && directory.held > 0 && !directory.unreadable) out.push_back({.what = TreeEvent::What::returned, .path = path_of(node)});
  if (!directory.inside) return;
  if (directory.inode == 0) nodes_[static_cast<std::size_t>(node)].inode = stamp_of(path_of(node)).inode;
  // At first the names will do; what they stand for is looked at when they may have changed.
  bool again = announces || directory.scanned || !directory.entries.empty();
  auto began = file_clock_ns();
  auto found = scan_directory(path_of(node), again ? Scan::stamps : Scan::names);
  if (!found) {
    if (found.error().fault == Fault::not_found) return vanish(node, out);
    // What was seen there is not gone. Whoever wants to know what becomes of it has to look.
    stop_watch(node);
    return refuse(node, true);
  }
  // What could not be seen before is no news.
  if (was_shut && !directory.scanned) announces = false;
  auto has = [&](const char* name) { return std::any_of(found->begin(), found->end(), [&](const FoundEntry& entry) { return entry.name == name; }); };
  take_rules(node, has(".git"), has(".gitignore"), out);
  take_found(node, std::move(*found), announces, out);
  nodes_[static_cast<std::size_t>(node)].scanned = true;
  nodes_[static_cast<std::size_t>(node)].read_ns = began;
}

void WatchedTree::take_rules(int node, bool has_git, bool has_ignore_file, TreeEvents& out) {
  auto path = path_of(node);
  auto parent = nodes_[static_cast<std::size_t>(node)].parent;
  int before = nodes_[static_cast<std::size_t>(node)].tree;
  WorkTree place;
  if (parent < 0) {
    place = work_tree_of(disk_, path);
    enter_tree(node, place.root.empty() ? -1 : tree_for(place));
    nodes_[static_cast<std::size_t>(node)].rules = place.root.empty() ? IgnoreRules() : ignore_rules_of(disk_, place, path);
  } else {
    bool is_top = has_git && is_work_tree(disk_, path, place);
    enter_tree(node, is_top ? tree_for(place) : nodes_[static_cast<std::size_t>(parent)].tree);
    auto rules = is_top ? IgnoreRules::of_work_tree(disk_, place.root, place.common_directory) : nodes_[static_cast<std::size_t>(parent)].rules;
    if (has_ignore_file && nodes_[static_cast<std::size_t>(node)].tree >= 0) {
      auto below = below_tree(node);
      if (!below.empty()) below.pop_back();
      auto text = disk_.read(path + "/.gitignore", ignore_file_limit);
      rules = rules.entered(below, text ? *text : "");
    }
    nodes_[static_cast<std::size_t>(node)].rules = std::move(rules);
  }
  auto tree = nodes_[static_cast<std::size_t>(node)].tree;
  if (tree >= 0 && tree != before && trees_[static_cast<std::size_t>(tree)].users == 1) look_at_lock(tree, out);
}

// The directory below that is watched under that name; a new one is to be read.
int WatchedTree::child_for(int node, const std::string& name, int known, bool announces) {
  bool deep = nodes_[static_cast<std::size_t>(node)].deep;
  int child = known;
  if (child < 0) {
    auto path = path_in(node, name);
    if (auto top = tops_.find(path); top != tops_.end()) {
      // Somebody held it before: it becomes part of this tree.
      child = top->second;
      tops_.erase(top);
      auto& adopted = nodes_[static_cast<std::size_t>(child)];
      adopted.parent = node;
      adopted.name = name;
      if (adopted.inside && !adopted.limited) return child;
      adopted.absent = adopted.limited = false;
    } else {
      child = add_node(node, name);
    }
  } else if (!deep && (nodes_[static_cast<std::size_t>(child)].watch >= 0 || !watch_)) {
    return child;
  }
  auto& directory = nodes_[static_cast<std::size_t>(child)];
  directory.inside = true;
  directory.deep = deep;
  enqueue(child, announces);
  return child;
}

// What an entry stood for is not there any more, or does not count.
void WatchedTree::lose(Entry& entry, int node, bool silently, TreeEvents& out) {
  TreeEvents nobody;
  auto& told = silently ? nobody : out;
  if (entry.child >= 0) return remove(entry.child, told);
  tell(told, TreeEvent::What::gone, node, path_in(node, entry.name), true);
}

// Of what was never looked at, the time of its last change tells whether that was before its name was read.
bool WatchedTree::is_other(const Entry& known, const FoundEntry& found, std::int64_t read_ns) const {
  if (!known.named_only) return known.stamp != found.stamp;
  return known.stamp != found.inode || found.changed_ns >= read_ns - set_back_ns_;
}

void WatchedTree::take_found(int node, std::vector<FoundEntry> found, bool announces, TreeEvents& out) {
  std::sort(found.begin(), found.end(), [](const FoundEntry& left, const FoundEntry& right) { return left.name < right.name; });
  auto old = std::move(nodes_[static_cast<std::size_t>(node)].entries);
  nodes_[static_cast<std::size_t>(node)].entries.clear();
  bool has_tree = nodes_[static_cast<std::size_t>(node)].tree >= 0;
  bool recurses = !nodes_[static_cast<std::size_t>(top_of(node))].limited;
  auto read_ns = nodes_[static_cast<std::size_t>(node)].read_ns;
  auto prefix = below_tree(node);
  std::vector<Entry> fresh;
  fresh.reserve(found.size());
  auto before = old.begin();
  for (auto& each : found) {
    for (; before != old.end() && before->name < each.name; ++before) lose(*before, node, false, out);
    Entry* known = before != old.end() && before->name == each.name ? &*before++ : nullptr;
    bool counted = each.name != ".git" && (!has_tree || !nodes_[static_cast<std::size_t>(node)].rules.ignores(prefix + each.name, each.directory)) &&
                   (recurses || !each.directory);
    bool same_kind = known && each.directory == (known->child >= 0);
    // Another directory has taken the place of the one that is watched.
    if (same_kind && each.directory) {
      auto inode = nodes_[static_cast<std::size_t>(known->child)].inode;
      same_kind = inode == 0 || inode == each.inode;
    }
    if (known && (!counted || !same_kind)) {
      lose(*known, node, !counted, out);
      known = nullptr;
    }
    if (!counted) continue;
    if (each.directory) {
      auto child = child_for(node, each.name, known ? known->child : -1, announces);
      nodes_[static_cast<std::size_t>(child)].inode = each.inode;
      fresh.push_back({std::move(each.name), 0, child});
      continue;
    }
    bool named_only = each.stamp == 0;
    if (known ? is_other(*known, each, read_ns) : announces) tell(out, TreeEvent::What::closed, node, path_in(node, each.name), known != nullptr);
    fresh.push_back({std::move(each.name), named_only ? each.inode : each.stamp, -1, named_only});
  }
  for (; before != old.end(); ++before) lose(*before, node, false, out);
  fresh.shrink_to_fit();
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  directory.entries = std::move(fresh);
  directory.deep = false;
}

void WatchedTree::files_below(int node, std::vector<std::string>& paths) const {
  auto front = path_of(node);
  if (front != "/") front.push_back('/');
  for (const auto& entry : nodes_[static_cast<std::size_t>(node)].entries) {
    if (entry.child >= 0) files_below(entry.child, paths);
    else paths.push_back(front + entry.name);
  }
}

// With all below it; what is held there stays, and is looked for.
void WatchedTree::remove(int node, TreeEvents& out) {
  auto entries = std::move(nodes_[static_cast<std::size_t>(node)].entries);
  nodes_[static_cast<std::size_t>(node)].entries.clear();
  for (auto& entry : entries) lose(entry, node, false, out);
  stop_watch(node);
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  if (directory.held == 0 && directory.held_as_root == 0) return free_node(node);
  if (directory.parent >= 0) detach(node);
  leave_tree(node);
  auto& kept = nodes_[static_cast<std::size_t>(node)];
  kept.inside = kept.held_as_root > 0;
  kept.scanned = false;
  kept.absent = true;
  if (!retry_) retry_ = Clock::now() + std::chrono::seconds(1);
}

// It was to be read and is not there.
void WatchedTree::vanish(int node, TreeEvents& out) {
  auto& directory = nodes_[static_cast<std::size_t>(node)];
  auto parent = directory.parent;
  auto name = directory.name;
  remove(node, out);
  if (parent >= 0) erase_entry(parent, name);
}

void WatchedTree::doubt() {
  ++overflows_;
  doubtful_ = true;
  doubt_touched();
  read_all_again();
}

void WatchedTree::read_all_again() {
  set_back_ns_ = std::max(set_back_ns_, clock_offset_ns_ - file_clock_offset_ns());
  for (int held : {1, 0})
    for (std::size_t at = 0; at < nodes_.size(); ++at)
      if (nodes_[at].used && nodes_[at].inside && (nodes_[at].held > 0) == (held == 1)) enqueue(static_cast<int>(at), true);
}

std::optional<Instant> WatchedTree::due() const {
  auto first = retry_;
  for (const auto& move : moves_)
    if (!first || move.at < *first) first = move.at;
  return first;
}

void WatchedTree::ring(TreeEvents& out, Instant now) {
  // The other half may have been told and not be taken yet.
  while (next_told_ == told_.size() && !moves_.empty() && moves_.front().at <= now)
    if (auto move = take_move(moves_.front().cookie)) moved_away(*move, out);
  if (!retry_ || *retry_ > now) return;
  retry_ = std::nullopt;
  for (std::size_t at = 0; at < nodes_.size(); ++at) {
    bool shut = nodes_[at].unreadable && nodes_[at].parent < 0;
    if (!nodes_[at].used || (!nodes_[at].absent && !shut)) continue;
    auto path = path_of(static_cast<int>(at));
    if (shut && stamp_of(path).directory) {
      if (may_read_directory(path)) enqueue(static_cast<int>(at), true);
      else retry_ = now + std::chrono::seconds(1);
      continue;
    }
    if (!stamp_of(path).directory) {
      retry_ = now + std::chrono::seconds(1);
      continue;
    }
    nodes_[at].absent = false;
    enqueue(static_cast<int>(at), true);
  }
}

}  // namespace kra
