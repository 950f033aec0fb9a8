// One random tree, two random changes of it, and what their merge must be: total, the same from both sides, the same again, without a byte that is
// nowhere, and where git's own merge is clean just that. By seed. Without a word about the framework of the tests: for benches too.
#pragma once

#include <fstream>
#include <random>
#include <set>

#include "engine/sync_merge.hpp"
#include "tests/native/git_scratch.hpp"

namespace kra {

class MergeTrial {
 public:
  MergeTrial(GitScratch& world, SyncStore& store, std::uint32_t seed) : world_(world), store_(store), random_(seed) {}

  // What is wrong; empty when nothing is.
  std::string wrong() {
    auto said = run();
    return said ? *said : said.error().what;
  }
  bool compared = false;  // with what git makes of it
  bool clean = false;     // git had no conflict

 private:
  struct File {
    std::string mode, bytes;
    bool operator==(const File&) const = default;
  };
  using Files = std::map<std::string, File>;

  std::uint32_t below(std::uint32_t limit) { return random_() % limit; }
  std::string name() {
    static const char* names[] = {"a", "b", "c", "d/a", "d/b", "d/e/f", "g", "g/h", "n\xc3\xa4me", "with space"};
    return names[below(10)];
  }
  std::string line() { return cat("line ", below(40), "\n"); }
  std::string text() {
    std::string out;
    for (auto n = below(9); n > 0; --n) out += line();
    return below(12) == 0 ? out + "no end" : below(20) == 0 ? out + std::string("\0bin", 4) : out;
  }
  static std::vector<std::string> lines_of(const std::string& bytes) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto end = std::min(bytes.find('\n', at), bytes.size() - 1) + 1;
      lines.push_back(bytes.substr(at, end - at)), at = end;
    }
    return lines;
  }

  // A name that nothing lies below, and that lies below no file.
  static void put(Files& files, const std::string& path, File file) {
    std::erase_if(files, [&](const auto& row) { return row.first.starts_with(path + "/") || path.starts_with(row.first + "/"); });
    files[path] = std::move(file);
  }
  Files tree() {
    Files files;
    for (int n = 0; n < 8; ++n) put(files, name(), {below(5) == 0 ? "100755" : below(9) == 0 ? "120000" : "100644", text() + line()});
    return files;
  }
  void change(Files& files) {
    if (files.empty()) return put(files, name(), {"100644", text()});
    const auto at = std::next(files.begin(), below(static_cast<std::uint32_t>(files.size())));
    const auto [path, file] = *at;
    switch (below(9)) {
      case 0:
      case 1:
      case 2: {
        auto lines = lines_of(file.bytes);
        const auto where = lines.empty() ? lines.end() : lines.begin() + below(static_cast<std::uint32_t>(lines.size()));
        if (where == lines.end() || below(3) == 0) lines.insert(where, line());
        else if (below(2) == 0) lines.erase(where);
        else *where = line();
        std::string bytes;
        for (const auto& each : lines) bytes += each;
        at->second.bytes = file.mode == "120000" && bytes.empty() ? "to" : bytes;
        break;
      }
      case 3: files.erase(at); break;
      case 4: files.erase(at), put(files, name(), file); break;
      case 5: at->second.mode = file.mode == "100644" ? "100755" : "100644"; break;
      case 6: put(files, path, {"120000", cat("to", below(3))}); break;
      case 7: put(files, path + "/below", {"100644", text()}); break;
      case 8: put(files, name(), {"100644", text()}); break;
    }
  }

  Result<std::vector<std::string>> commits_of(const std::vector<Files>& trees) {
    Import import;
    std::vector<int> marks;
    for (const auto& files : trees) {
      std::vector<Import::Change> changes;
      for (const auto& [path, file] : files) changes.push_back({path, file.mode, Import::mark_text(import.blob(file.bytes))});
      const auto parents = marks.empty() ? std::vector<std::string>{} : std::vector{Import::mark_text(marks.front())};
      marks.push_back(import.commit({.ref = {}, .committer = own_identity({}), .message = "t", .parents = parents, .changes = std::move(changes)}));
    }
    auto written = TRY(import.run(store_.git(), git_patience()));
    std::vector<std::string> commits;
    for (const int mark : marks) commits.push_back(written.oids[mark]), trees_.push_back(written.trees[mark]);
    return commits;
  }

  struct Merged {
    std::string tree;
    std::vector<ConflictRecord> conflicts;
  };
  Result<Merged> merge(const std::string& base, const std::string& work, const std::string& remote) {
    auto merged = TRY(merge_trees(store_, {.base = base, .work = work, .remote = remote, .remote_device = "dev", .strategies = {}}, git_patience()));
    if (merged.changes.empty()) return Merged{merged.tree, std::move(merged.conflicts)};
    if (merged.tree != empty_tree(false)) merged.changes.insert(merged.changes.begin(), {"", "040000", merged.tree});
    Import import;
    const int mark = import.commit({.ref = {}, .committer = own_identity({}), .message = "m", .changes = std::move(merged.changes)});
    return Merged{TRY(import.run(store_.git(), git_patience())).trees[mark], std::move(merged.conflicts)};
  }

  Result<std::string> run() {
    const auto base = tree();
    auto ours = base, theirs = base;
    for (auto n = 1 + below(4); n > 0; --n) change(ours);
    for (auto n = 1 + below(4); n > 0; --n) change(theirs);
    const auto commits = TRY(commits_of({base, ours, theirs}));
    const auto merged = TRY(merge(trees_[0], trees_[1], trees_[2]));
    const auto other = TRY(merge(trees_[0], trees_[2], trees_[1]));
    if (paths_of(merged) != paths_of(other)) return cat("from the other side the conflicts are those of ", paths_of(other), ", not of ", paths_of(merged));
    if (merged.conflicts.empty() && merged.tree != other.tree) return std::string("from the other side the merge is another");
    // A device that was killed after its push does it again.
    if (auto other_way = TRY(once_more(merged)); !other_way.empty()) return other_way;
    if (const auto rest = TRY(merge(merged.tree, merged.tree, merged.tree)); rest.tree != merged.tree || !rest.conflicts.empty()) return std::string("it does not come to rest");
    if (auto lost = TRY(missing(merged)); !lost.empty()) return lost;
    return beside_git(commits, merged);
  }

  // But for a text of which lines repeat: what both added may be told apart in several ways, also by git. Recovery does not ask that: its base is ours.
  Result<std::string> once_more(const Merged& merged) {
    const auto again = TRY(merge(trees_[0], trees_[1], merged.tree));
    const auto base = TRY(list_tree(store_.git(), trees_[0], git_patience())), ours = TRY(list_tree(store_.git(), trees_[1], git_patience()));
    for (const auto& change : TRY(diff_trees(store_.git(), merged.tree, again.tree, git_patience()))) {
      const auto path = change.path.substr(0, change.path.find(".conflict-"));
      const auto before = base.find(path), mine = ours.find(path);
      const bool both_wrote = before != base.end() && mine != ours.end() && before->second.oid != mine->second.oid && before->second.mode != "120000" && mine->second.mode != "120000";
      if (!both_wrote) return cat("once more is something else at ", change.path);
    }
    return std::string();
  }

  static std::string paths_of(const Merged& merged) {
    std::set<std::string> paths;
    for (const auto& conflict : merged.conflicts) paths.insert(cat(conflict.id, ":", conflict.path));
    std::string out;
    for (const auto& path : paths) out += path + " ";
    return out;
  }

  // A version of one side that is in no file, no conflict, and not part of a merged text.
  Result<std::string> missing(const Merged& merged) {
    std::set<std::string> kept;
    const auto now = TRY(list_tree(store_.git(), merged.tree, git_patience()));
    for (const auto& [path, entry] : now) kept.insert(entry.oid);
    for (const auto& conflict : merged.conflicts) kept.insert({conflict.ours.oid, conflict.theirs.oid});
    for (const int side : {1, 2})
      for (const auto& change : TRY(diff_trees(store_.git(), trees_[0], trees_[static_cast<std::size_t>(side)], git_patience()))) {
        if (!change.after || kept.contains(change.after.oid)) continue;
        // Of a file without a byte nothing can be lost.
        if (TRY(read_blobs(store_.git(), {change.after.oid}, git_patience())).front().empty()) continue;
        const auto there = now.find(change.path);
        // Both changed the text, and each line of this side that is new is there.
        const bool joined = there != now.end() && change.before && TRY(has_lines(there->second.oid, change.before.oid, change.after.oid));
        if (!joined) return cat(change.path, " of side ", side, " is nowhere");
      }
    return std::string();
  }
  Result<bool> has_lines(const std::string& merged, const std::string& before, const std::string& after) {
    const auto texts = TRY(read_blobs(store_.git(), {merged, before, after}, git_patience()));
    const auto had = lines_of(texts[1]), has = lines_of(texts[0]);
    for (const auto& each : lines_of(texts[2]))
      if (std::find(had.begin(), had.end(), each) == had.end() && std::find(has.begin(), has.end(), each) == has.end()) return false;
    return true;
  }

  Result<Outcome> plain_git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "--git-dir", store_.git().directory()});
    return kra::run({.argv = std::move(words), .directory = world_.root}, git_patience());
  }
  Result<bool> renames(std::size_t side) {
    bool came = false, went = false;
    for (const auto& change : TRY(diff_trees(store_.git(), trees_[0], trees_[side], git_patience()))) came = came || !change.before, went = went || !change.after;
    return came && went && !TRY(plain_git({"diff-tree", "-r", "-M", "--diff-filter=R", trees_[0], trees_[side]})).output.empty();
  }

  Result<std::string> beside_git(const std::vector<std::string>& commits, const Merged& merged) {
    // A name is a name here; git follows a file to another one, and only newer ones can be told not to.
    for (const int side : {1, 2})
      if (TRY(renames(static_cast<std::size_t>(side)))) return std::string();
    compared = true;
    auto outcome = TRY(plain_git({"merge-tree", "--write-tree", "-z", commits[1], commits[2]}));
    if (outcome.status > 1) return cat("git merge-tree: ", outcome.errors);
    clean = outcome.status == 0;
    const auto tree = outcome.output.substr(0, 40);
    if (clean && !TRY(only_by_histogram(merged))) return cat("git merges it, here is a conflict: ", paths_of(merged));
    if (clean && !merged.conflicts.empty()) return std::string();
    if (clean && tree != merged.tree) return cat("git makes ", tree, ", not ", merged.tree);
    if (!clean && merged.conflicts.empty()) return cat("git has a conflict: ", outcome.output.substr(41));
    return std::string();
  }

  // merge-tree compares by histogram, which now and then tells repeating lines apart where merge-file, as kra, does not.
  Result<bool> only_by_histogram(const Merged& merged) {
    for (const auto& conflict : merged.conflicts) {
      if (!conflict.base || !conflict.ours || !conflict.theirs) return false;
      const auto texts = TRY(read_blobs(store_.git(), {conflict.ours.oid, conflict.base.oid, conflict.theirs.oid}, git_patience()));
      std::vector<std::string> words = {"merge-file", "-p"};
      for (std::size_t n = 0; n < texts.size(); ++n) {
        words.push_back(cat(store_.git().directory(), "/trial-", n));
        std::ofstream(words.back(), std::ios::binary) << texts[n];
      }
      if (TRY(plain_git(std::move(words))).status == 0) return false;
    }
    return true;
  }

  GitScratch& world_;
  SyncStore& store_;
  std::mt19937 random_;
  std::vector<std::string> trees_;
};

}  // namespace kra
