#include "engine/sync_give.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "peers/git.hpp"
#include "peers/git_loose.hpp"
#include "peers/git_session.hpp"

namespace kra {
namespace {

// Above that a pack is smaller and as quick.
constexpr std::size_t most_objects = 100, most_commits = 8;
constexpr std::uint64_t most_bytes = 1U << 20;

// What a few commits bring beyond those that the repository has: the objects that each has and its first parent has not.
class SmallGift {
 public:
  SmallGift(SyncStore& store, const std::set<std::string>& tips, const Patience& patience) : store_(store), tips_(tips), patience_(patience) {}

  // False: it is not small.
  Result<bool> gather(const std::vector<std::string>& commits) {
    std::vector<std::string> waiting(commits);
    std::set<std::string> seen;
    while (!waiting.empty()) {
      const auto oid = waiting.back();
      waiting.pop_back();
      if (tips_.contains(oid) || !seen.insert(oid).second) continue;
      if (seen.size() > most_commits) return false;
      const auto parents = TRY(parents_of(oid));
      waiting.insert(waiting.end(), parents.begin(), parents.end());
      // One without a parent brings all that it has.
      if (parents.empty() || !TRY(gather(parents.front(), oid)) || wanted_.size() > most_objects) return false;
    }
    return true;
  }

  // None: it is not small either. Else the files that hold it.
  Result<std::vector<std::string>> write() {
    const std::vector<std::string> oids(wanted_.begin(), wanted_.end());
    std::uint64_t bytes = 0;
    for (const auto& object : TRY(store_.git().session()->objects(oids, false, patience_))) {
      if (object.oid.empty()) return std::vector<std::string>{};
      bytes += object.size;
    }
    if (bytes > most_bytes) return std::vector<std::string>{};
    std::vector<LooseObject> objects;
    for (auto& object : TRY(store_.git().session()->objects(oids, true, patience_))) objects.push_back({std::move(object.oid), std::move(object.type), std::move(object.bytes)});
    return write_loose(store_.place().common, objects);
  }

 private:
  Result<std::vector<std::string>> parents_of(const std::string& oid) {
    const auto text = TRY(read_blobs(store_.git(), {oid}, patience_)).front();
    std::vector<std::string> parents;
    for (const auto line : split(std::string_view(text).substr(0, text.find("\n\n")), "\n"))
      if (line.starts_with("parent ")) parents.emplace_back(line.substr(7));
    return parents;
  }

  Result<bool> gather(const std::string& parent, const std::string& commit) {
    wanted_.insert(commit);
    std::set<std::string> directories{commit + "^{tree}"};
    for (const auto& change : TRY(diff_trees(store_.git(), parent, commit, patience_))) {
      if (change.path.find('\n') != std::string::npos) return false;
      if (change.after && change.after.mode != "160000") wanted_.insert(change.after.oid);
      for (auto slash = change.path.find('/'); slash != std::string::npos; slash = change.path.find('/', slash + 1)) directories.insert(cat(commit, ":", change.path.substr(0, slash)));
      if (directories.size() > most_objects) return false;
    }
    for (const auto& object : TRY(store_.git().session()->objects({directories.begin(), directories.end()}, false, patience_)))
      if (object.type == "tree") wanted_.insert(object.oid);
    return true;
  }

  SyncStore& store_;
  const std::set<std::string>& tips_;
  const Patience& patience_;
  std::set<std::string> wanted_;
};

// Where objects are more than files that everybody may read.
bool is_plain(const RepositoryPlace& place) {
  return git_setting(place.config, "core.sharedrepository").empty() && git_setting(place.config, "extensions.compatobjectformat").empty();
}

// The files that hold it, when it was little.
Result<std::vector<std::string>> give(SyncStore& store, const std::vector<std::string>& commits, const std::vector<std::string>& blobs, const Patience& patience) {
  const Git theirs(store.place().common);
  auto wanted = TRY(missing_objects(theirs, blobs, patience));
  std::set<std::string> tips;
  for (const auto& [name, oid] : TRY(list_refs(theirs, "refs", patience))) tips.insert(oid);
  // A commit that is there may be what a crash left of an earlier gift: only what a reference leads to is known to be whole.
  for (const auto& commit : commits)
    if (!tips.contains(commit)) wanted.push_back(commit);
  const auto nowhere = TRY(missing_objects(store.git(), wanted, patience));
  std::erase_if(wanted, [&](const std::string& oid) { return std::find(nowhere.begin(), nowhere.end(), oid) != nowhere.end(); });
  std::vector<std::string> files;
  if (wanted.empty()) return files;
  if (blobs.empty() && store.git().session() && is_plain(store.place())) {
    SmallGift gift(store, tips, patience);
    if (const auto small = gift.gather(wanted); small && *small) files = TRY(gift.write());
    if (!files.empty()) return files;
  }
  const std::vector<std::string> all_tips(tips.begin(), tips.end());
  const auto unknown = TRY(missing_objects(store.git(), all_tips, patience));
  for (const auto& tip : all_tips)
    if (std::find(unknown.begin(), unknown.end(), tip) == unknown.end()) wanted.push_back("^" + tip);
  auto pack = TRY(store.git().ask({.arguments = {"pack-objects", "--revs", "--stdout", "--quiet"}, .input = join(wanted, "\n") + "\n"}, patience));
  TRY(theirs.ask({.arguments = {"unpack-objects", "-q"}, .input = std::move(pack)}, patience));
  return files;
}

}  // namespace

Result<void> give_objects(SyncStore& store, const std::vector<std::string>& commits, const std::vector<std::string>& blobs, const Patience& patience) {
  TRY(give(store, commits, blobs, patience));
  return {};
}

Result<void> give_commit(SyncStore& store, const std::string& commit, Given& given, const Patience& patience) {
  const auto is_there = [&](const std::string& file) { return store.disk().info(file).ok(); };
  if (given.commit == commit && !given.files.empty() && std::all_of(given.files.begin(), given.files.end(), is_there)) return {};
  given = {commit, TRY(give(store, {commit}, {}, patience))};
  return {};
}

}  // namespace kra
