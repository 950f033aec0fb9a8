#include "engine/snapshot.hpp"

#include <ctime>
#include <set>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/tree_sums.hpp"
#include "peers/git_session.hpp"
#include "wire/messages.hpp"
#include "wire/msgpack.hpp"

namespace kra {
namespace {

constexpr std::uint32_t usual_directory = 0755;
constexpr std::uint64_t state_limit = 64U << 20;
const WireLimits meta_limits{.frame = 256U << 20, .elements = 10'000'000, .total = 64U << 20};

std::string new_id(WallTime now) {
  const std::time_t seconds = now.ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &utc);
  return cat(text, "-", new_uuid().substr(0, 6));
}

std::string reference_of(const std::string& id) { return cat(snapshot_refs, id); }

}  // namespace

// Whether few steps back from one of these commits lead there: then the store has it, and all of it. Where ORIG_HEAD and the like mostly are.
static Result<bool> is_just_before(SyncStore& store, std::set<std::string> commits, const std::string& oid, const Patience& patience) {
  if (store.git().session() == nullptr) return false;
  constexpr int most_steps = 8;
  for (int step = 0; step < most_steps && !commits.empty(); ++step) {
    std::set<std::string> parents;
    for (const auto& commit : TRY(store.git().session()->objects({commits.begin(), commits.end()}, true, patience)))
      for (const auto line : split(std::string_view(commit.bytes).substr(0, commit.bytes.find("\n\n")), "\n"))
        if (commit.type == "commit" && line.starts_with("parent ")) parents.emplace(line.substr(7));
    if (parents.contains(oid)) return true;
    commits = std::move(parents);
  }
  return false;
}

Result<std::vector<std::string>> keep_commits(SyncStore& store, std::vector<std::string> oids, const Patience& patience) {
  std::erase_if(oids, [](const std::string& oid) { return oid.empty(); });
  if (oids.empty()) return oids;
  // A commit that is there may be what a crash left of a fetch: a reference says that all of it is.
  constexpr std::string_view prefix = "refs/kra/user/";
  const auto kept = TRY(list_refs(store.git(), std::string(prefix), patience));
  std::set<std::string> lost, ours;
  for (const auto* refs : {"refs/kra/remote/", "refs/kra/outbox/"})
    for (const auto& [name, oid] : TRY(list_refs(store.git(), refs, patience))) ours.insert(oid);
  for (const auto& oid : oids) {
    if (ours.contains(oid) || kept.contains(cat(prefix, oid)) || TRY(is_just_before(store, ours, oid, patience))) continue;
    // By its id: what HEAD or MERGE_HEAD names need not be on any branch.
    GitCall fetch{.arguments = {"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", store.place().common,
                                cat("+", oid, ":", prefix, oid)}};
    const auto outcome = TRY(store.git().run(std::move(fetch), patience));
    if (outcome.status != 0) lost.insert(oid);
  }
  // Old ones only cost: what they held is in snapshots, or is the user's.
  constexpr std::size_t most = 200;
  std::vector<RefChange> old;
  for (const auto& [name, oid] : kept)
    if (kept.size() > most && std::find(oids.begin(), oids.end(), oid) == oids.end()) old.push_back({name, "", ""});
  TRY(change_refs(store.git(), old, patience));
  std::erase_if(oids, [&](const std::string& oid) { return lost.contains(oid); });
  return oids;
}

static Result<std::vector<SnapshotMeta>> newest_snapshots(SyncStore& store, const Patience& patience);

namespace {

class Taking {
 public:
  Taking(SyncStore& store, const SnapshotRequest& request, const Patience& patience) : store_(store), request_(request), patience_(patience) {}

  Result<SnapshotTaken> run() {
    auto head = TRY(read_head(store_.disk(), store_.place()));
    // Of an index and a file of one moment git compares the bytes, of others only their looks.
    if (const auto index = store_.disk().info(store_.place().git + "/index")) index_at_ns_ = index->modified_ns;
    index_ = TRY(user_index(store_, true));
    taken_.state = TRY(look_at_tree(store_, index_, {.ignored = request_.ignored, .later = true}, patience_));
    TRY(describe(head));
    if (request_.reason != "manual")
      if (auto same = TRY(same_as_newest())) return taken_.meta = std::move(*same), std::move(taken_);
    TRY(write());
    return std::move(taken_);
  }

 private:
  Result<void> describe(const Head& head) {
    auto& meta = taken_.meta;
    const auto now = wall_now();
    meta.id = new_id(now), meta.at = now.ms, meta.reason = request_.reason, meta.held_by = request_.held_by;
    meta.branch = head.branch, meta.head = head.oid, meta.ignored = request_.ignored;
    meta.operation = unfinished_operation(store_.disk(), store_.place());
    meta.files = taken_.state->files.size();
    meta.tree = taken_.state->tree;
    for (const auto& [path, why] : taken_.state->skipped) meta.skipped.push_back({path, why});
    TRY(gather_state());
    const bool has_head = !parents_.empty() && parents_.front() == meta.head;
    sums_ = !request_.ignored && store_.memory() ? store_.memory() : &own_;
    TRY(sum_up(store_, *sums_, *taken_.state, index_, has_head ? meta.head : "", patience_));
    meta.has_index = sums_->has_index;
    if (meta.has_index) meta.index_at_ns = index_at_ns_;
    meta.changed = sums_->differing.size();
    for (const auto& path : sums_->unusual) meta.modes.push_back({path, taken_.state->files.find(path)->second.look.permissions});
    auto directories = sums_->directories.state();
    for (const auto& [path, permissions] : directories.modes)
      if (permissions != usual_directory) meta.modes.push_back({path, permissions});
    meta.empty_directories = std::move(directories.empty);
    return {};
  }

  Result<void> gather_state() {
    std::vector<std::string> commits{taken_.meta.head};
    for (const auto& name : operation_files(store_.disk(), store_.place())) {
      auto text = store_.disk().read(cat(store_.place().git, "/", name), state_limit);
      if (!text) continue;
      if (name.ends_with("HEAD") || name == "rebase-merge/onto" || name == "rebase-merge/orig-head" || name == "rebase-apply/onto")
        for (const auto line : split(*text, "\n")) commits.emplace_back(line.substr(0, store_.place().sha256 ? 64 : 40));
      operation_.emplace_back(name, std::move(*text));
    }
    parents_ = TRY(keep_commits(store_, std::move(commits), patience_));
    return {};
  }

  // Everything but the time and the reason.
  Result<std::optional<SnapshotMeta>> same_as_newest() {
    auto list = TRY(newest_snapshots(store_, patience_));
    if (list.empty() || !operation_.empty() || list.front().ignored != request_.ignored) return std::optional<SnapshotMeta>();
    auto& newest = list.front();
    auto like = taken_.meta;
    like.id = newest.id, like.at = newest.at, like.reason = newest.reason, like.held_by = newest.held_by, like.index_at_ns = newest.index_at_ns;
    if (newest.tree != like.tree || pack(to_value(like)) != pack(to_value(newest))) return std::optional<SnapshotMeta>();
    const auto index = cat(reference_of(newest.id), ":index");
    // What is in the store already has left only its name.
    const bool same = sums_->index_blob.empty() ? TRY(read_blobs(store_.git(), {index}, patience_)).front() == index_->bytes
                                                : TRY(resolve(store_.git(), index, patience_)) == sums_->index_blob;
    return same ? std::optional<SnapshotMeta>(std::move(newest)) : std::nullopt;
  }

  Result<void> write() {
    Import import;
    std::vector<Import::Change> parts;
    if (taken_.state->tree != empty_tree(store_.place().sha256)) parts.push_back({"W", "040000", taken_.state->tree});
    const auto add = [&](const std::string& path, std::string_view bytes) { parts.push_back({path, "100644", Import::mark_text(import.blob(bytes))}); };
    const int index = sums_->index_blob.empty() ? import.blob(index_->bytes) : 0;
    parts.push_back({"index", "100644", index == 0 ? sums_->index_blob : Import::mark_text(index)});
    add("meta", pack(to_value(taken_.meta)));
    for (const auto& [name, bytes] : operation_) add("state/" + name, bytes);
    auto wanted = staged_only(*sums_, *taken_.state);
    if (!wanted.empty()) {
      const Git theirs(store_.place().common);
      const auto absent = TRY(missing_objects(theirs, wanted, patience_));
      std::erase_if(wanted, [&](const std::string& oid) { return std::find(absent.begin(), absent.end(), oid) != absent.end(); });
      const auto blobs = TRY(read_blobs(theirs, wanted, patience_));
      for (std::size_t at = 0; at < wanted.size(); ++at) add("staged/" + wanted[at], blobs[at]);
    }
    import.commit({.ref = reference_of(taken_.meta.id), .committer = own_identity({taken_.meta.at}), .message = taken_.meta.reason, .parents = parents_, .changes = std::move(parts)});
    const auto written = TRY(import.run(store_.git(), patience_));
    if (index != 0) note_index_blob(*sums_, *index_, written.oids.at(index));
    return {};
  }

  SyncStore& store_;
  const SnapshotRequest& request_;
  const Patience& patience_;
  std::shared_ptr<UserIndex> index_;
  std::int64_t index_at_ns_ = 0;
  SnapshotTaken taken_;
  TreeMemory own_;
  TreeMemory* sums_ = nullptr;
  std::vector<std::string> parents_;
  std::vector<std::pair<std::string, std::string>> operation_;
};

}  // namespace

Result<SnapshotTaken> take_snapshot(SyncStore& store, const SnapshotRequest& request, const Patience& patience) {
  auto taken = Taking(store, request, patience).run();
  // What was to be on disk by now may not be.
  if (!taken && store.memory()) store.memory()->forget();
  return taken;
}

using Refs = std::map<std::string, std::string>;

static Result<std::vector<SnapshotMeta>> snapshots_of(SyncStore& store, const Refs& refs, const Patience& patience) {
  std::vector<SnapshotMeta> list;
  std::vector<std::string> names;
  for (const auto& [name, oid] : refs) names.push_back(oid + ":meta");
  const auto texts = TRY(read_blobs(store.git(), names, patience));
  for (std::size_t at = 0; at < texts.size(); ++at) {
    const auto value = TRY_TO("snapshot", unpack(texts[at], meta_limits));
    SnapshotMeta meta;
    TRY_TO("snapshot", from_value(value, meta));
    meta.tree = TRY(resolve(store.git(), names[at].substr(0, names[at].size() - 5) + ":W", patience));
    if (meta.tree.empty()) meta.tree = empty_tree(store.place().sha256);
    list.push_back(std::move(meta));
  }
  std::sort(list.begin(), list.end(), [](const auto& left, const auto& right) { return std::tie(left.at, left.id) > std::tie(right.at, right.id); });
  return list;
}

Result<std::vector<SnapshotMeta>> list_snapshots(SyncStore& store, const Patience& patience) {
  return snapshots_of(store, TRY(list_refs(store.git(), std::string(snapshot_refs), patience)), patience);
}

// Of the newest second that has any: an id begins with it.
static Result<std::vector<SnapshotMeta>> newest_snapshots(SyncStore& store, const Patience& patience) {
  constexpr std::size_t second = std::string_view("20260101-000000").size();
  auto refs = TRY(list_refs(store.git(), std::string(snapshot_refs), patience));
  if (refs.empty()) return std::vector<SnapshotMeta>{};
  const auto front = refs.rbegin()->first.substr(0, snapshot_refs.size() + second);
  std::erase_if(refs, [&](const auto& ref) { return !ref.first.starts_with(front); });
  return snapshots_of(store, refs, patience);
}

Result<SnapshotMeta> find_snapshot(SyncStore& store, const std::string& id, const Patience& patience) {
  auto list = TRY(list_snapshots(store, patience));
  std::erase_if(list, [&](const SnapshotMeta& meta) { return !meta.id.starts_with(id); });
  for (auto& meta : list)
    if (meta.id == id) return std::move(meta);
  if (list.size() == 1) return std::move(list.front());
  return Error{Fault::not_found, list.empty() ? cat("no snapshot ", printable(id), "; `kra sync snapshots` lists them") : cat(list.size(), " snapshots begin with ", printable(id))};
}

}  // namespace kra
