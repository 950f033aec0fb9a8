#include "engine/tree_sums.hpp"

#include <algorithm>

namespace kra {
namespace {

bool usual(const ScannedFile& file) {
  return file.look.kind != FileKind::file || file.look.permissions == (file.entry.mode == "100755" ? 0755U : 0644U);
}

class Summing {
 public:
  Summing(TreeMemory& memory, const WorkState& state) : memory_(memory), state_(state) {}

  // Everything anew; the commit's files when they are known.
  void everything(const TreeMap& head, const IndexMap& index) {
    memory_.directories = {};
    memory_.unusual.clear(), memory_.differing.clear();
    auto in_head = head.begin();
    for (const auto& [path, file] : state_.files) {
      memory_.directories.came(path);
      if (!usual(file)) memory_.unusual.insert(path);
      for (; in_head != head.end() && in_head->first < path; ++in_head) memory_.differing.emplace(*in_head);
      const bool there = in_head != head.end() && in_head->first == path;
      if (!there) memory_.differing.emplace(path, TreeEntry{});
      else if (in_head->second != file.entry) memory_.differing.emplace(*in_head);
      if (there) ++in_head;
    }
    memory_.differing.insert(in_head, head.end());
    stage(index);
  }

  // The commit is another one, which has this instead.
  void moved(const std::vector<PathChange>& changes) {
    for (const auto& change : changes) {
      const auto file = state_.files.find(change.path);
      const bool same = file == state_.files.end() ? !change.after : file->second.entry == change.after;
      if (same) memory_.differing.erase(change.path);
      else memory_.differing[change.path] = change.after;
    }
  }

  // What the index has against the commit, when the rest is up to date.
  void stage(const IndexMap& index) {
    memory_.staged.clear();
    for (auto at = index.begin(); at != index.end(); ++at) stage(*at);
  }

  // The same, only these having changed in either.
  void stage(const IndexMap& index, const std::set<std::string>& paths) {
    std::erase_if(memory_.staged, [&](const auto& known) { return paths.contains(known.first); });
    for (const auto& path : paths) {
      const auto [first, last] = index.equal_range(path);
      for (auto at = first; at != last; ++at) stage(*at);
    }
  }

  void one(const std::string& path, const TreeEntry& before) {
    const auto file = state_.files.find(path);
    const bool there = file != state_.files.end();
    if (there && !before) memory_.directories.came(path);
    else if (!there && before) memory_.directories.went(path);
    else if (there) memory_.directories.changed(path);
    memory_.unusual.erase(path);
    if (there && !usual(file->second)) memory_.unusual.insert(path);
    // One that did not differ had what the commit has.
    const auto known = memory_.differing.find(path);
    const auto head = known == memory_.differing.end() ? before : known->second;
    const bool same = there ? file->second.entry == head : !head;
    if (same) memory_.differing.erase(path);
    else memory_.differing[path] = head;
  }

 private:
  void stage(const IndexMap::value_type& known) {
    const auto& [path, entry] = known;
    // One that is only intended to be added names the empty blob, which may be there.
    if (entry.mode != "160000" && head_of(path).oid != entry.oid) memory_.staged.emplace_back(path, entry.oid);
  }

  // What does not differ is as the commit has it.
  TreeEntry head_of(const std::string& path) const {
    if (const auto differs = memory_.differing.find(path); differs != memory_.differing.end()) return differs->second;
    const auto file = state_.files.find(path);
    return file == state_.files.end() ? TreeEntry{} : file->second.entry;
  }

  TreeMemory& memory_;
  const WorkState& state_;
};

// None: everything is to be looked at.
std::optional<std::vector<PathChange>> step_between(SyncStore& store, const std::string& before, const std::string& head, const Patience& patience) {
  if (before == head) return std::vector<PathChange>{};
  if (before.empty() || head.empty()) return std::nullopt;
  auto changes = diff_trees(store.git(), before, head, patience);
  return changes ? std::optional(std::move(*changes)) : std::nullopt;
}

}  // namespace

Result<void> sum_up(SyncStore& store, TreeMemory& memory, const WorkState& state, const std::shared_ptr<const UserIndex>& index, const std::string& head, const Patience& patience) {
  Summing summing(memory, state);
  const auto news = std::exchange(memory.news, {});
  auto staged = std::exchange(memory.index_news, {});
  const bool was_good = std::exchange(memory.summed, false);
  const auto step = was_good ? step_between(store, memory.head, head, patience) : std::nullopt;
  if (step) {
    for (const auto& [path, before] : news) summing.one(path, before);
    summing.moved(*step);
    for (const auto& change : *step) staged.insert(change.path);
    if (memory.index_summed == index) summing.stage(index->entries, staged);
    else summing.stage(index->entries);
  } else {
    summing.everything(head.empty() ? TreeMap() : TRY(list_tree(store.git(), head, patience)), index->entries);
  }
  // The bytes may have gone into the store when this index was summed up before.
  if (memory.index_summed != index) memory.index_blob.clear(), memory.has_index = !index->bytes.empty();
  TRY(memory.directories.look(store.tree()));
  memory.head = head, memory.index_summed = index, memory.summed = true;
  return {};
}

std::vector<std::string> staged_only(const TreeMemory& memory, const WorkState& state) {
  std::set<std::string> wanted;
  for (const auto& [path, oid] : memory.staged) {
    const auto on_disk = state.files.find(path);
    if (on_disk == state.files.end() || on_disk->second.entry.oid != oid) wanted.insert(oid);
  }
  return {wanted.begin(), wanted.end()};
}

void note_index_blob(TreeMemory& memory, UserIndex& index, const std::string& oid) {
  memory.index_blob = oid;
  index.bytes = {};
}

}  // namespace kra
