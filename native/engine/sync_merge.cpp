#include "engine/sync_merge.hpp"

#include <algorithm>
#include <map>

#include "base/checksum.hpp"
#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/ignore.hpp"
#include "engine/lines.hpp"
#include "engine/merge3.hpp"
#include "engine/sync_apply.hpp"
#include "engine/work_scan.hpp"
#include "wire/msgpack.hpp"

namespace kra {
namespace {

// A path that both sides changed, each in its own way.
struct MergeConflict {
  std::string path;
  TreeEntry base, ours, theirs;
};

constexpr std::string_view conflict_refs = "refs/kra/conflicts/";

bool is_file(const TreeEntry& entry) { return entry && entry.mode != "120000" && entry.mode != "160000"; }

// Both sides' lines where they do not agree (union), or both with markers around them.
std::string joined(const std::string& base, const std::string& ours, const std::string& theirs, const std::string& device, bool markers) {
  const auto base_lines = lines_with_ends(base), our_lines = lines_with_ends(ours), their_lines = lines_with_ends(theirs);
  std::string out;
  const auto add = [&](const std::vector<std::string_view>& lines, const Range& range, bool whole_lines) {
    for (auto at = range.first; at < range.last; ++at) out.append(lines[at]);
    if (whole_lines && !range.empty() && !out.ends_with('\n')) out += '\n';
  };
  std::size_t at = 0;
  for (const auto& part : merge_parts(base_lines, our_lines, their_lines)) {
    add(our_lines, {at, part.ours.first}, false);
    at = part.ours.last;
    switch (part.kind) {
      case MergeKind::ours:
      case MergeKind::both: add(our_lines, part.ours, false); break;
      case MergeKind::theirs: add(their_lines, part.theirs, false); break;
      case MergeKind::conflict:
        if (markers) out += "<<<<<<< here\n";
        add(our_lines, part.ours, true);
        if (markers) out += "=======\n";
        add(their_lines, part.theirs, true);
        if (markers) out += cat(">>>>>>> ", device, "\n");
        break;
    }
  }
  add(our_lines, {at, our_lines.size()}, false);
  return out;
}

class Merging {
 public:
  Merging(SyncStore& store, const MergeSides& sides, const Patience& patience) : store_(store), sides_(sides), patience_(patience) {}

  Result<MergedTrees> run() {
    if (sides_.work == sides_.remote || sides_.remote == sides_.base) return merged_.tree = sides_.work, std::move(merged_);
    if (sides_.work == sides_.base) return merged_.tree = sides_.remote, std::move(merged_);
    for (auto& change : TRY(diff_trees(store_.git(), sides_.base, sides_.work, patience_))) ours_[change.path] = std::move(change);
    for (auto& change : TRY(diff_trees(store_.git(), sides_.base, sides_.remote, patience_))) theirs_[change.path] = std::move(change);
    std::vector<MergeConflict> both;
    for (const auto& [path, change] : ours_) {
      const auto other = theirs_.find(path);
      if (other == theirs_.end()) set(path, change.after);
      else both.push_back({path, change.before, change.after, other->second.after});
    }
    for (const auto& [path, change] : theirs_)
      if (!ours_.contains(path)) set(path, change.after);
    TRY(join(both));
    step_aside();
    return finish();
  }

 private:
  void set(const std::string& path, const TreeEntry& entry) { outcome_[path] = entry; }
  void drop(const std::string& path) { outcome_[path] = {}; }

  // Paths that both sides changed. git would follow a file to another name when it looks alike; here a name is a name, on every version of git.
  Result<void> join(const std::vector<MergeConflict>& both) {
    std::vector<const MergeConflict*> texts;
    std::vector<std::string> oids;
    for (const auto& conflict : both) {
      const auto& [path, base, ours, theirs] = conflict;
      const bool files = is_file(base) && is_file(ours) && is_file(theirs);
      // A link of which both made a file: whoever wrote other bytes has the say.
      const bool both_files = base && is_file(ours) && is_file(theirs) && ours.mode == theirs.mode;
      if (ours == theirs) set(path, ours);
      else if (both_files && (ours.oid == base.oid || theirs.oid == base.oid)) set(path, ours.oid == base.oid ? theirs : ours);
      else if (files && (theirs.oid == base.oid || ours.oid == theirs.oid)) set(path, {mode_of(conflict), ours.oid});
      else if (files && ours.oid == base.oid) set(path, {mode_of(conflict), theirs.oid});
      else if (const auto& whole = beside_empty(conflict); whole) set(path, whole);
      else if (!files) TRY(decide(conflict));
      else texts.push_back(&conflict), oids.insert(oids.end(), {base.oid, ours.oid, theirs.oid});
    }
    const auto bytes = TRY(read_blobs(store_.git(), oids, patience_));
    Import import;
    std::vector<std::pair<const MergeConflict*, int>> merged;
    for (std::size_t at = 0; at < texts.size(); ++at)
      if (const auto text = merged_clean(bytes[3 * at], bytes[3 * at + 1], bytes[3 * at + 2])) merged.emplace_back(texts[at], import.blob(*text));
      else TRY(decide(*texts[at]));
    auto written = TRY(import.run(store_.git(), patience_));
    for (const auto& [conflict, mark] : merged) set(conflict->path, {mode_of(*conflict), written.oids[mark]});
    return {};
  }
  // Both made the file, one of them without a byte: there is nothing to choose, as with git.
  TreeEntry beside_empty(const MergeConflict& conflict) const {
    const auto& [path, base, ours, theirs] = conflict;
    if (base || !is_file(ours) || !is_file(theirs) || ours.mode != theirs.mode) return {};
    const auto empty = empty_blob(store_.place().sha256);
    return ours.oid == empty ? theirs : theirs.oid == empty ? ours : TreeEntry{};
  }
  static std::string mode_of(const MergeConflict& conflict) { return conflict.ours.mode != conflict.base.mode ? conflict.ours.mode : conflict.theirs.mode; }

  // A file on one side, a directory of that name on the other: the file steps aside.
  void step_aside() {
    for (const auto& [path, entry] : std::map(outcome_)) {
      if (!entry) continue;
      for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        if (const auto file = outcome_.find(path.substr(0, slash)); file != outcome_.end() && file->second) beside_directory(file->first, TreeEntry(file->second));
    }
  }

  // What has to change in the remote's tree, deletions first.
  Result<MergedTrees> finish() {
    merged_.tree = sides_.remote;
    std::vector<Import::Change> written;
    for (const auto& [path, entry] : outcome_) {
      const auto theirs = theirs_.find(path), ours = ours_.find(path);
      const auto there = theirs != theirs_.end() ? theirs->second.after : ours != ours_.end() ? ours->second.before : TreeEntry{};
      if (entry != there) (entry ? written : merged_.changes).push_back({path, entry.mode, entry.oid});
    }
    merged_.changes.insert(merged_.changes.end(), written.begin(), written.end());
    return std::move(merged_);
  }

  std::string strategy_for(const std::string& path) const {
    const auto name = path.substr(path.rfind('/') + 1);
    for (const auto& [glob, strategy] : sides_.strategies)
      if (glob_matches(glob, glob.find('/') == std::string::npos ? name : path)) return strategy;
    return "copy";
  }

  ConflictRecord record_of(const MergeConflict& conflict, const std::string& path) const {
    ConflictRecord record{.path = path, .device = sides_.remote_device, .at = wall_now().ms, .base = conflict.base, .ours = conflict.ours, .theirs = conflict.theirs};
    record.id = hex(hash64(cat(path, "\n", conflict.base.oid, "\n", std::min(conflict.ours.oid, conflict.theirs.oid), "\n", std::max(conflict.ours.oid, conflict.theirs.oid))), 12).substr(0, 12);
    return record;
  }

  Result<void> decide(const MergeConflict& conflict) {
    auto record = record_of(conflict, conflict.path);
    if (!conflict.ours || !conflict.theirs) {
      // The side that has something wins over the one that deleted it.
      record.strategy = "keep";
      record.what = conflict.ours ? "changed here, deleted there" : "deleted here, changed there";
      if (conflict.ours || conflict.theirs) set(conflict.path, conflict.ours ? conflict.ours : conflict.theirs);
      return merged_.conflicts.push_back(std::move(record)), Result<void>{};
    }
    if (conflict.ours.oid == conflict.theirs.oid && is_file(conflict.ours) && is_file(conflict.theirs)) {
      // Whichever side is asked.
      record.strategy = "keep", record.what = "both made it, one of them executable";
      set(conflict.path, {std::max(conflict.ours.mode, conflict.theirs.mode), conflict.ours.oid});
      return merged_.conflicts.push_back(std::move(record)), Result<void>{};
    }
    record.what = conflict.base ? "both changed it" : "both made it";
    record.strategy = strategy_for(conflict.path);
    TRY(follow(conflict, record));
    merged_.conflicts.push_back(std::move(record));
    return {};
  }

  void beside_directory(const std::string& path, const TreeEntry& entry) {
    MergeConflict conflict{path, {}, {}, {}};
    if (const auto ours = ours_.find(path); ours != ours_.end()) conflict.base = ours->second.before, conflict.ours = ours->second.after;
    if (const auto theirs = theirs_.find(path); theirs != theirs_.end()) conflict.base = theirs->second.before, conflict.theirs = theirs->second.after;
    std::erase_if(merged_.conflicts, [&](const ConflictRecord& record) { return record.path == path; });
    auto record = record_of(conflict, path);
    record.strategy = "copy", record.what = "a file on one side, a directory on the other";
    record.copy = conflict_name(path, conflict.ours ? "file" : sides_.remote_device, entry.oid);
    drop(path);
    set(record.copy, entry);
    merged_.conflicts.push_back(std::move(record));
  }

  Result<void> follow(const MergeConflict& conflict, ConflictRecord& record) {
    auto& strategy = record.strategy;
    if (strategy == "newest") strategy = sides_.remote_is_newer ? "theirs" : "ours";
    if (strategy == "ours") return set(conflict.path, conflict.ours), Result<void>{};
    if (strategy == "theirs") return set(conflict.path, conflict.theirs), Result<void>{};
    if (strategy == "manual") {
      merged_.open.insert(conflict.path);
      return set(conflict.path, conflict.theirs), Result<void>{};
    }
    if ((strategy == "union" || strategy == "markers") && TRY(join_texts(conflict, strategy == "markers"))) return {};
    strategy = "copy";
    record.copy = conflict_name(conflict.path, sides_.remote_device, conflict.theirs.oid);
    set(conflict.path, conflict.ours);
    set(record.copy, conflict.theirs);
    return {};
  }

  // False when one of the sides is no text.
  Result<bool> join_texts(const MergeConflict& conflict, bool markers) {
    if (!is_file(conflict.ours) || !is_file(conflict.theirs)) return false;
    std::vector<std::string> oids{conflict.ours.oid, conflict.theirs.oid};
    if (is_file(conflict.base)) oids.push_back(conflict.base.oid);
    auto texts = TRY(read_blobs(store_.git(), oids, patience_));
    if (texts.size() == 2) texts.emplace_back();
    if (std::any_of(texts.begin(), texts.end(), [](const std::string& text) { return text.find('\0') != std::string::npos; })) return false;
    Import import;
    const int blob = import.blob(joined(texts[2], texts[0], texts[1], sides_.remote_device, markers));
    import.commit({.ref = {}, .committer = own_identity({}), .message = "joined", .changes = {{"text", "100644", Import::mark_text(blob)}}});
    auto written = TRY(import.run(store_.git(), patience_));
    set(conflict.path, {conflict.ours.mode, written.oids[blob]});
    return true;
  }

  SyncStore& store_;
  const MergeSides& sides_;
  const Patience& patience_;
  std::map<std::string, PathChange> ours_, theirs_;  // what each side made of the base
  std::map<std::string, TreeEntry> outcome_;         // of the paths that one of them changed; empty: gone
  MergedTrees merged_;
};

}  // namespace

Result<MergedTrees> merge_trees(SyncStore& store, const MergeSides& sides, const Patience& patience) { return Merging(store, sides, patience).run(); }

Result<void> store_conflicts(SyncStore& store, const std::vector<ConflictRecord>& conflicts, const Patience& patience) {
  Import import;
  for (const auto& conflict : conflicts) {
    std::vector<Import::Change> parts{{"meta", "100644", Import::mark_text(import.blob(pack(to_value(conflict))))}};
    for (const auto& [name, entry] : {std::pair("base", &conflict.base), std::pair("ours", &conflict.ours), std::pair("theirs", &conflict.theirs)})
      if (*entry && entry->mode != "160000") parts.push_back({name, entry->mode, entry->oid});
    import.commit({.ref = cat(conflict_refs, conflict.id), .committer = own_identity(wall_now()), .message = conflict.path, .changes = std::move(parts)});
  }
  TRY(import.run(store.git(), patience));
  return {};
}

Result<std::vector<ConflictRecord>> list_conflicts(SyncStore& store, const Patience& patience) {
  std::vector<std::string> names;
  for (const auto& [name, oid] : TRY(list_refs(store.git(), std::string(conflict_refs), patience))) names.push_back(oid + ":meta");
  std::vector<ConflictRecord> list;
  for (const auto& text : TRY(read_blobs(store.git(), names, patience))) {
    const auto value = TRY_TO("conflict", unpack(text));
    ConflictRecord record;
    TRY_TO("conflict", from_value(value, record));
    list.push_back(std::move(record));
  }
  std::sort(list.begin(), list.end(), [](const auto& left, const auto& right) { return std::tie(left.at, left.id) > std::tie(right.at, right.id); });
  return list;
}

Result<void> forget_conflict(SyncStore& store, const std::string& id, const Patience& patience) {
  return change_refs(store.git(), {{cat(conflict_refs, id), "", ""}}, patience);
}

}  // namespace kra
