#include "engine/rollback.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "base/text.hpp"
#include "engine/sync_give.hpp"
#include "peers/git_lock.hpp"

namespace kra {
namespace {

constexpr int rounds = 6;

using Modes = std::map<std::string, std::uint32_t, std::less<>>;

class RollBack {
 public:
  RollBack(SyncStore& store, const SnapshotMeta& target, const std::string& device, const Patience& patience)
      : store_(store), target_(target), device_(device), patience_(patience) {
    for (const auto& mode : target.modes) modes_[mode.path] = mode.permissions;
    for (const auto& skipped : target.skipped) skipped_.insert(skipped.path);
  }

  Result<RolledBack> run() {
    const auto taken = TRY(take_snapshot(store_, {.reason = "rollback", .ignored = target_.ignored}, patience_));
    done_.undo_id = taken.meta.id;
    files_ = TRY(list_tree(store_.git(), target_.tree, patience_));
    TRY(load_parts());
    state_ = *taken.state;
    for (int round = 0; round < rounds; ++round) {
      TRY(restore_files());
      if (done_.left.empty()) break;
      std::this_thread::sleep_for(Milliseconds(patience_.left_ms(10 << round)));
      state_ = TRY(scan(store_.place()));
    }
    TRY(restore_directories());
    TRY(restore_repository(taken.meta));
    TRY(settle_slots(store_, device_, patience_));
    return std::move(done_);
  }

 private:
  Result<WorkState> scan(const RepositoryPlace& place) {
    const auto index = TRY(read_user_index(store_.disk(), place));
    return scan_work_tree(store_, index.entries, load_scan(store_, target_.ignored, patience_), {.ignored = target_.ignored}, patience_);
  }

  Result<void> load_parts() {
    const auto commit = cat(snapshot_refs, target_.id);
    index_ = TRY(read_blobs(store_.git(), {cat(commit, ":index")}, patience_)).front();
    for (const auto& [path, entry] : TRY(list_tree(store_.git(), commit, patience_, "state/"))) {
      auto bytes = TRY(read_blobs(store_.git(), {entry.oid}, patience_));
      operation_.emplace_back(path.substr(6), std::move(bytes.front()));
    }
    index_entries_ = TRY(parse_index(index_, store_.place().sha256));
    // Whether only the index names them or the work tree had the same bytes: a gc may have taken them.
    std::set<std::string> staged;
    for (const auto& [path, entry] : index_entries_)
      if (entry.mode != "160000") staged.insert(entry.oid);
    objects_.assign(staged.begin(), staged.end());
    return {};
  }

  std::uint32_t permissions_of(const std::string& path, const TreeEntry& entry) const {
    const auto mode = modes_.find(path);
    return mode != modes_.end() ? mode->second : entry.mode == "100755" ? 0755U : 0644U;
  }

  Result<void> restore_files() {
    done_.left.clear();
    auto changes = TRY(diff_trees(store_.git(), state_.tree, target_.tree, patience_));
    // What could not be read when the snapshot was taken is not in it; that says nothing about the file.
    std::erase_if(changes, [&](const PathChange& change) { return skipped_.contains(change.path) || state_.skipped.contains(change.path); });
    std::vector<PathChange> removals;
    std::copy_if(changes.begin(), changes.end(), std::back_inserter(removals), [](const PathChange& change) { return !change.after; });
    // A name that a directory is to have must be free first.
    std::vector<PathChange> first;
    for (const auto& change : changes)
      if (change.after || in_the_way(change.path)) first.push_back(change);
    TRY(apply(first));
    std::erase_if(removals, [&](const PathChange& change) { return in_the_way(change.path); });
    removals = TRY(those_that_git_sees(std::move(removals)));
    TRY(apply(removals));
    for (const auto& [path, file] : files_) {
      if (file.mode == "120000" || file.mode == "160000") continue;
      const auto look = store_.tree().look(path);
      if (look && look->kind == FileKind::file && look->permissions != permissions_of(path, file))
        TRY(store_.tree().set_permissions(path, permissions_of(path, file)));
    }
    return {};
  }

  bool in_the_way(const std::string& path) const {
    const auto below = files_.lower_bound(path + "/");
    if (below != files_.end() && below->first.starts_with(path + "/")) return true;
    for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1))
      if (files_.contains(path.substr(0, slash))) return true;
    return false;
  }

  // A file that the rules of then ignore was no part of the snapshot: it may have been there.
  Result<std::vector<PathChange>> those_that_git_sees(std::vector<PathChange> removals) {
    if (removals.empty() || target_.ignored) return removals;
    GitCall call{.arguments = {"ls-files", "-o", "-z", "--exclude-standard"}, .environment = {cat("GIT_INDEX_FILE=", store_.file("no-index"))}};
    const auto output = TRY(store_.git_with_tree().ask(std::move(call), patience_));
    std::set<std::string_view> seen;
    for (const auto path : split(output, std::string_view("\0", 1))) seen.insert(path);
    std::erase_if(removals, [&](const PathChange& change) { return !seen.contains(change.path) && !index_entries_.contains(change.path); });
    return removals;
  }

  Result<void> apply(const std::vector<PathChange>& changes) {
    ApplyRequest request{.changes = changes};
    request.permissions = [&](const std::string& path) -> std::optional<std::uint32_t> {
      const auto file = files_.find(path);
      return file == files_.end() ? std::nullopt : std::optional(permissions_of(path, file->second));
    };
    auto applied = TRY(apply_changes(store_, request, patience_));
    done_.files += applied.paths.size();
    for (auto& left : applied.left) done_.left.push_back(std::move(left));
    return {};
  }

  Result<void> restore_directories() {
    WorkState wanted;
    for (const auto& [path, entry] : files_) wanted.files[path] = {};
    // Directories without files that the snapshot does not know go, those that it knows come.
    const auto now = TRY(scan_directories(store_.tree(), wanted));
    const std::set<std::string> kept(target_.empty_directories.begin(), target_.empty_directories.end());
    for (auto at = now.empty.rbegin(); at != now.empty.rend(); ++at)
      if (!kept.contains(*at)) TRY(store_.tree().remove_directory(*at));
    for (const auto& directory : target_.empty_directories) TRY(store_.tree().make_directory(directory));
    const auto then = TRY(scan_directories(store_.tree(), wanted));
    for (const auto& [path, permissions] : then.modes) {
      const auto mode = modes_.find(path);
      const auto right = mode == modes_.end() ? 0755U : mode->second;
      if (permissions != right) TRY(store_.tree().set_permissions(path, right));
    }
    return {};
  }

  Result<void> restore_repository(const SnapshotMeta& before) {
    const auto& place = store_.place();
    auto& disk = store_.disk();
    std::vector<std::string> commits;
    if (!target_.head.empty()) commits.push_back(target_.head);
    for (const auto& [name, bytes] : operation_)
      if (name.ends_with("HEAD"))
        for (const auto line : split(bytes, "\n"))
          if (!line.empty()) commits.emplace_back(line.substr(0, place.sha256 ? 64 : 40));
    TRY(give_objects(store_, commits, objects_, patience_));
    for (const auto& name : operation_files(disk, place)) TRY(disk.remove(cat(place.git, "/", name)));
    for (const char* name : {"rebase-merge", "rebase-apply", "sequencer"}) TRY(disk.remove_tree(cat(place.git, "/", name)));
    for (const auto& [name, bytes] : operation_) {
      const auto path = cat(place.git, "/", name);
      TRY(disk.make_directory(directory_part(path)));
      TRY(disk.replace(path, bytes));
    }
    TRY(restore_head(before));
    const auto index = TRY(read_user_index(disk, place));
    if (target_.has_index && index.bytes != index_) TRY(with_retries([&] { return replace_index(place, own_locks(store_), index.sum, index_, target_.index_at_ns); }));
    if (target_.has_index && index.bytes == index_ && target_.index_at_ns != 0) TRY(set_written_at(place.git + "/index", target_.index_at_ns));
    if (!target_.has_index && !index.bytes.empty()) TRY(disk.remove(place.git + "/index"));
    return {};
  }

  Result<void> restore_head(const SnapshotMeta& before) {
    const auto& place = store_.place();
    auto& disk = store_.disk();
    const auto own = own_locks(store_);
    const Head wanted{target_.branch, target_.head};
    const auto now = TRY(read_head(disk, place));
    if (now == wanted) return {};
    if (now.branch != wanted.branch || wanted.branch.empty()) TRY(with_retries([&] { return set_head(disk, place, own, wanted); }));
    const auto at = TRY(read_head(disk, place));
    if (at == wanted) return {};
    if (wanted.oid.empty()) return disk.remove(cat(place.common, "/", wanted.ref()));
    return with_retries([&] { return move_head(disk, place, own, at, wanted.oid, own_identity(wall_now()), cat("kra: rollback, undone by ", before.id)); });
  }

  // While the user's git has its lock.
  template <class Change>
  Result<void> with_retries(Change change) {
    for (int pause_ms = 5;; pause_ms = std::min(pause_ms * 2, 200)) {
      auto outcome = change();
      if (outcome || outcome.error().fault != Fault::busy || patience_.over()) return outcome;
      std::this_thread::sleep_for(Milliseconds(pause_ms));
    }
  }

  SyncStore& store_;
  const SnapshotMeta& target_;
  const std::string& device_;
  const Patience& patience_;
  RolledBack done_;
  Modes modes_;
  std::set<std::string> skipped_;
  TreeMap files_;
  WorkState state_;
  std::string index_;
  IndexMap index_entries_;
  std::vector<std::pair<std::string, std::string>> operation_;
  std::vector<std::string> objects_;
};

}  // namespace

std::string own_locks(const SyncStore& store) { return store.place().git + "/kra/locks"; }

Result<RolledBack> roll_back(SyncStore& store, const SnapshotMeta& target, const std::string& device, const Patience& patience) {
  return RollBack(store, target, device, patience).run();
}

}  // namespace kra
