// What the system tells, made into what happened to which path.
#include <algorithm>

#include "base/text.hpp"
#include "engine/watched_tree.hpp"

namespace kra {

// The second half of a move comes right after the first one; this is for a reader that was faster.
static constexpr Milliseconds other_half{20};

using What = TreeEvent::What;

// All at once: that something was lost stands at the end.
void WatchedTree::fetch() {
  for (auto events = watch_->read(); !events.empty(); events = watch_->read()) {
    for (auto& event : events) {
      if (event.what == DirectoryEvent::What::lost) ++overflows_, doubtful_ = true;
      told_.push_back(std::move(event));
    }
  }
}

void WatchedTree::drain(TreeEvents& out, Instant) {
  if (!watch_) return;
  fetch();
  if (!doubtful_) take_told(out, Instant::max());
}

// True when nothing is left.
bool WatchedTree::take_told(TreeEvents& out, Instant until) {
  for (auto now = Clock::now(); next_told_ < told_.size() && now < until; now = Clock::now())
    for (int count = 0; count < 32 && next_told_ < told_.size(); ++count) {
      auto event = std::move(told_[next_told_++]);
      take(event, out, now);
    }
  if (next_told_ < told_.size()) return false;
  told_ = {};
  next_told_ = 0;
  return true;
}

void WatchedTree::take(const DirectoryEvent& event, TreeEvents& out, Instant now) {
  if (event.what == DirectoryEvent::What::lost) {
    doubt_touched();
    for (std::size_t tree = 0; tree < trees_.size(); ++tree)
      if (trees_[tree].users > 0) look_at_lock(static_cast<int>(tree), out);
    return read_all_again();
  }
  if (auto git = git_by_watch_.find(event.watch); git != git_by_watch_.end()) {
    auto tree = git->second;
    if (event.what == DirectoryEvent::What::ended) {
      trees_[static_cast<std::size_t>(tree)].watch = -1;
      git_by_watch_.erase(git);
    }
    take_of_git(tree, event, out);
  }
  auto found = by_watch_.find(event.watch);
  if (found == by_watch_.end()) return;
  auto node = found->second;
  if (!touched_.empty()) touch(event.name.empty() ? path_of(node) : path_in(node, event.name));
  if (event.what == DirectoryEvent::What::ended) {
    ++losses_;
    set_watch(node, -1);
    by_watch_.erase(found);
    --watched_;
    // There may be another directory under its name already.
    return enqueue(node, true);
  }
  if (event.name.empty()) {
    // Of one below another directory that other one tells.
    bool moved = event.what == DirectoryEvent::What::left && nodes_[static_cast<std::size_t>(node)].parent < 0;
    if (moved && !stamp_of(path_of(node)).directory) remove(node, out);
    // We may be allowed less there now, or more.
    if (event.what == DirectoryEvent::What::written && nodes_[static_cast<std::size_t>(node)].parent < 0) enqueue(node, true);
    return;
  }
  if (event.directory) {
    // Names of directories come and go faster than they are told: in the end what is there decides.
    if (nodes_[static_cast<std::size_t>(node)].inside) enqueue(node, true);
    return take_of_directory(node, event, out, now);
  }
  take_of_file(node, event, out, now);
}

void WatchedTree::take_of_git(int tree, const DirectoryEvent& event, TreeEvents& out) {
  using Raw = DirectoryEvent::What;
  // By what was told: a quick git is gone before anybody can look.
  if (event.name == "index.lock") {
    if (event.what == Raw::created) take_lock(tree, true, out);
    if (event.what == Raw::deleted || event.what == Raw::moved_out) take_lock(tree, false, out);
  }
  if (event.name == "HEAD" && event.what == DirectoryEvent::What::moved_in)
    out.push_back({.what = What::head_moved, .root = trees_[static_cast<std::size_t>(tree)].place.root});
}

std::optional<WatchedTree::Move> WatchedTree::take_move(std::uint32_t cookie) {
  auto found = std::find_if(moves_.begin(), moves_.end(), [&](const Move& move) { return move.cookie == cookie; });
  if (found == moves_.end()) return std::nullopt;
  Move move = std::move(*found);
  moves_.erase(found);
  if (move.child < 0) return move;
  // The directory may have been taken away meanwhile, with one above it.
  const auto& directory = nodes_[static_cast<std::size_t>(move.child)];
  bool same = directory.used && directory.serial == move.serial && directory.parent == move.parent && directory.name == move.name;
  return same ? std::optional<Move>(std::move(move)) : std::nullopt;
}

// Something else has the name now: whatever had it went away.
void WatchedTree::give_up_move(int node, const std::string& name, TreeEvents& out) {
  auto same = [&](const Move& move) { return move.parent == node && move.name == name; };
  for (auto found = std::find_if(moves_.begin(), moves_.end(), same); found != moves_.end(); found = std::find_if(moves_.begin(), moves_.end(), same))
    if (auto move = take_move(found->cookie)) moved_away(*move, out);
}

void WatchedTree::take_of_directory(int node, const DirectoryEvent& event, TreeEvents& out, Instant now) {
  using Raw = DirectoryEvent::What;
  if (event.name == ".git") {
    // It became a work tree, or is none any more.
    nodes_[static_cast<std::size_t>(node)].deep = true;
    return enqueue(node, false);
  }
  give_up_move(node, event.name, out);
  auto move = event.what == Raw::moved_in ? take_move(event.cookie) : std::nullopt;
  auto* entry = entry_of(node, event.name);
  auto child = entry ? entry->child : -1;
  switch (event.what) {
    case Raw::moved_out:
      if (child >= 0) moves_.push_back({event.cookie, node, child, nodes_[static_cast<std::size_t>(child)].serial, event.name, {}, true, now + other_half});
      return;
    case Raw::deleted:
      if (child < 0) return;
      erase_entry(node, event.name);
      return remove(child, out);
    case Raw::moved_in:
      if (move && move->child >= 0) return moved_directory(*move, node, event.name, out);
      break;
    case Raw::created: break;
    case Raw::written:
      // We may be allowed less there now; that it is more is found out with the directory above.
      if (child >= 0 && !may_read_directory(path_in(node, event.name))) enqueue(child, true);
      return;
    default: return;
  }
  if (!nodes_[static_cast<std::size_t>(node)].scanned || !counts(node, event.name, true)) return;
  if (nodes_[static_cast<std::size_t>(top_of(node))].limited) return;
  if (child >= 0) {
    // Another directory in its place, perhaps: what is watched is to be found out anew.
    stop_watch(child);
    return enqueue(child, true, true);
  }
  child = child_for(node, event.name, -1, true);
  entry_for(node, event.name).child = child;
}

bool WatchedTree::is_within(int node, int above) const {
  while (node >= 0 && node != above) node = nodes_[static_cast<std::size_t>(node)].parent;
  return node == above;
}

// Watches stay with their directories: only the place in the tree is another one.
void WatchedTree::moved_directory(const Move& move, int node, const std::string& name, TreeEvents& out) {
  if (is_within(node, move.child)) return;
  std::vector<std::string> before, after;
  files_below(move.child, before);
  if (auto* there = entry_of(node, name)) {
    auto old = *there;
    erase_entry(node, name);
    lose(old, node, false, out);
  }
  // What was read meanwhile may have put it elsewhere already; the next look at the directory finds it then.
  if (!nodes_[static_cast<std::size_t>(move.child)].used || !nodes_[static_cast<std::size_t>(node)].used || is_within(node, move.child)) return;
  if (!counts(node, name, true)) {
    erase_entry(move.parent, move.name);
    return remove(move.child, out);
  }
  erase_entry(move.parent, move.name);
  auto& directory = nodes_[static_cast<std::size_t>(move.child)];
  directory.parent = node;
  directory.name = name;
  directory.deep = true;
  entry_for(node, name).child = move.child;
  files_below(move.child, after);
  for (std::size_t at = 0; at < after.size(); ++at) tell(out, What::moved, move.child, after[at], false, before[at]);
  enqueue(move.child, true, true);
}

// A move out of what is watched: gone.
void WatchedTree::moved_away(const Move& move, TreeEvents& out) {
  if (move.child < 0) {
    // Another file may have its path by now, in another directory of that name.
    if (move.told && !stamp_of(move.path).exists) tell(out, What::gone, move.parent, move.path, true);
    return;
  }
  erase_entry(move.parent, move.name);
  remove(move.child, out);
}

void WatchedTree::take_of_file(int node, const DirectoryEvent& event, TreeEvents& out, Instant now) {
  using Raw = DirectoryEvent::What;
  const auto& name = event.name;
  if (name == ".git") {
    nodes_[static_cast<std::size_t>(node)].deep = true;
    return enqueue(node, false);
  }
  auto path = path_in(node, name);
  bool counted = counts(node, name, false);
  auto loaded = counted ? std::optional<bool>() : loaded_(path);
  give_up_move(node, name, out);
  auto move = event.what == Raw::moved_in ? take_move(event.cookie) : std::nullopt;
  // A loaded file is followed to a name that would not count.
  bool follows = move && move->told && loaded_(move->path);
  if (!counted && !loaded && !follows) {
    if (move) moved_away(*move, out);
    return;
  }
  auto* entry = counted ? entry_of(node, name) : nullptr;
  if (entry && entry->child >= 0) {
    // A file in place of a directory.
    auto old = *entry;
    erase_entry(node, name);
    lose(old, node, false, out);
    entry = nullptr;
  }
  bool known = counted ? entry != nullptr : loaded.value_or(false);
  if (name == ".gitignore" && counted) {
    nodes_[static_cast<std::size_t>(node)].deep = true;
    enqueue(node, false);
  }
  if (event.what == Raw::deleted || event.what == Raw::moved_out) {
    if (counted) erase_entry(node, name);
    if (event.what == Raw::moved_out) moves_.push_back({event.cookie, node, -1, 0, name, path, known, now + other_half});
    else if (known) tell(out, What::gone, node, path, true);
    return;
  }
  if (event.what == Raw::created || event.what == Raw::touched) {
    if (counted) entry_for(node, name);
    return tell(out, What::touched, node, path, known);
  }
  auto stamp = stamp_of(path).brief();
  if (counted) {
    // Seen already by whoever read the directory; of a loaded file the content decides.
    if (entry && !entry->named_only && entry->stamp == stamp && stamp != 0 && !move && !loaded_(path)) return;
    auto& seen = entry_for(node, name);
    seen.stamp = stamp;
    seen.named_only = false;
  }
  if (move && move->told) tell(out, What::moved, node, path, known, move->path);
  else tell(out, What::closed, node, path, known);
}

}  // namespace kra
