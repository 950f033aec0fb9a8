#include "engine/snapshot.hpp"

#include <ctime>
#include <set>

#include "base/record.hpp"
#include "base/text.hpp"
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

bool usual(const ScannedFile& file) {
  return file.look.kind != FileKind::file || file.look.permissions == (file.entry.mode == "100755" ? 0755U : 0644U);
}

std::string reference_of(const std::string& id) { return cat(snapshot_refs, id); }

// Blobs that only the index knows.
Result<std::vector<std::string>> staged_only(const IndexMap& index, const WorkState& state, const TreeMap& head) {
  std::set<std::string> wanted;
  for (const auto& [path, entry] : index) {
    // One that is only intended to be added names the empty blob, which may be there.
    if (entry.mode == "160000") continue;
    const auto on_disk = state.files.find(path);
    const auto in_head = head.find(path);
    const bool known = (on_disk != state.files.end() && on_disk->second.entry.oid == entry.oid) || (in_head != head.end() && in_head->second.oid == entry.oid);
    if (!known) wanted.insert(entry.oid);
  }
  return std::vector<std::string>(wanted.begin(), wanted.end());
}

}  // namespace

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
    if (ours.contains(oid) || kept.contains(cat(prefix, oid))) continue;
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

namespace {

class Taking {
 public:
  Taking(SyncStore& store, const SnapshotRequest& request, const Patience& patience) : store_(store), request_(request), patience_(patience) {}

  Result<SnapshotTaken> run(const std::vector<std::string>& changed_paths) {
    auto head = TRY(read_head(store_.disk(), store_.place()));
    // Of an index and a file of one moment git compares the bytes, of others only their looks.
    if (const auto index = store_.disk().info(store_.place().git + "/index")) index_at_ns_ = index->modified_ns;
    index_ = TRY(read_user_index(store_.disk(), store_.place()));
    auto before = load_scan(store_, request_.ignored, patience_);
    taken_.state = TRY(scan_work_tree(store_, index_.entries, std::move(before), {.ignored = request_.ignored, .paths = changed_paths}, patience_));
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
    meta.branch = head.branch, meta.head = head.oid, meta.ignored = request_.ignored, meta.has_index = !index_.bytes.empty();
    meta.operation = unfinished_operation(store_.disk(), store_.place());
    if (meta.has_index) meta.index_at_ns = index_at_ns_;
    meta.files = taken_.state.files.size();
    meta.tree = taken_.state.tree;
    for (const auto& [path, file] : taken_.state.files)
      if (!usual(file)) meta.modes.push_back({path, file.look.permissions});
    auto directories = TRY(scan_directories(store_.tree(), taken_.state));
    for (const auto& [path, permissions] : directories.modes)
      if (permissions != usual_directory) meta.modes.push_back({path, permissions});
    meta.empty_directories = std::move(directories.empty);
    for (const auto& [path, why] : taken_.state.skipped) meta.skipped.push_back({path, why});
    return gather_state();
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
    const bool has_head = !parents_.empty() && parents_.front() == taken_.meta.head;
    if (has_head) head_files_ = TRY(list_tree(store_.git(), taken_.meta.head, patience_));
    std::uint64_t same = 0, other = 0;
    for (const auto& [path, file] : taken_.state.files)
      if (const auto in_head = head_files_.find(path); in_head != head_files_.end()) (in_head->second == file.entry ? same : other) += 1;
    taken_.meta.changed = other + (taken_.state.files.size() - same - other) + (head_files_.size() - same - other);
    return {};
  }

  // Everything but the time and the reason.
  Result<std::optional<SnapshotMeta>> same_as_newest() {
    auto list = TRY(list_snapshots(store_, patience_));
    if (list.empty() || !operation_.empty() || list.front().ignored != request_.ignored) return std::optional<SnapshotMeta>();
    auto& newest = list.front();
    auto like = taken_.meta;
    like.id = newest.id, like.at = newest.at, like.reason = newest.reason, like.held_by = newest.held_by, like.index_at_ns = newest.index_at_ns;
    if (newest.tree != like.tree || pack(to_value(like)) != pack(to_value(newest))) return std::optional<SnapshotMeta>();
    const auto index = TRY(read_blobs(store_.git(), {cat(reference_of(newest.id), ":index")}, patience_));
    return index.front() == index_.bytes ? std::optional<SnapshotMeta>(std::move(newest)) : std::nullopt;
  }

  Result<void> write() {
    Import import;
    std::vector<Import::Change> parts;
    if (taken_.state.tree != empty_tree(store_.place().sha256)) parts.push_back({"W", "040000", taken_.state.tree});
    const auto add = [&](const std::string& path, std::string_view bytes) { parts.push_back({path, "100644", Import::mark_text(import.blob(bytes))}); };
    add("index", index_.bytes);
    add("meta", pack(to_value(taken_.meta)));
    for (const auto& [name, bytes] : operation_) add("state/" + name, bytes);
    const Git theirs(store_.place().common);
    auto wanted = TRY(staged_only(index_.entries, taken_.state, head_files_));
    const auto absent = TRY(missing_objects(theirs, wanted, patience_));
    std::erase_if(wanted, [&](const std::string& oid) { return std::find(absent.begin(), absent.end(), oid) != absent.end(); });
    const auto blobs = TRY(read_blobs(theirs, wanted, patience_));
    for (std::size_t at = 0; at < wanted.size(); ++at) add("staged/" + wanted[at], blobs[at]);
    import.commit({.ref = reference_of(taken_.meta.id), .committer = own_identity({taken_.meta.at}), .message = taken_.meta.reason, .parents = parents_, .changes = std::move(parts)});
    TRY(import.run(store_.git(), patience_));
    return {};
  }

  SyncStore& store_;
  const SnapshotRequest& request_;
  const Patience& patience_;
  UserIndex index_;
  std::int64_t index_at_ns_ = 0;
  SnapshotTaken taken_;
  TreeMap head_files_;
  std::vector<std::string> parents_;
  std::vector<std::pair<std::string, std::string>> operation_;
};

}  // namespace

Result<SnapshotTaken> take_snapshot(SyncStore& store, const SnapshotRequest& request, const std::vector<std::string>& changed_paths, const Patience& patience) {
  return Taking(store, request, patience).run(changed_paths);
}

Result<std::vector<SnapshotMeta>> list_snapshots(SyncStore& store, const Patience& patience) {
  std::vector<SnapshotMeta> list;
  std::vector<std::string> names;
  for (const auto& [name, oid] : TRY(list_refs(store.git(), std::string(snapshot_refs), patience))) names.push_back(oid + ":meta");
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

Result<SnapshotMeta> find_snapshot(SyncStore& store, const std::string& id, const Patience& patience) {
  auto list = TRY(list_snapshots(store, patience));
  std::erase_if(list, [&](const SnapshotMeta& meta) { return !meta.id.starts_with(id); });
  for (auto& meta : list)
    if (meta.id == id) return std::move(meta);
  if (list.size() == 1) return std::move(list.front());
  return Error{Fault::not_found, list.empty() ? cat("no snapshot ", printable(id), "; `kra sync snapshots` lists them") : cat(list.size(), " snapshots begin with ", printable(id))};
}

}  // namespace kra
