#include "engine/sync_branch.hpp"

#include <thread>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_user.hpp"
#include "engine/tree_memory.hpp"
#include "peers/git.hpp"
#include "peers/git_index_sum.hpp"

namespace kra {
namespace {

// A user's git holds its lock for as long as it works.
constexpr Milliseconds index_patience{5000};

std::string pending_file(SyncStore& store) { return store.file("index-pending"); }

// For `git update-index`: the entries of every path that changed from one commit to the other, as far as they were those of the first.
struct IndexChange {
  std::vector<PathChange> changes;
  std::string entries, sparse;
};

Result<IndexChange> index_change(SyncStore& store, const IndexMap& entries, const std::string& from, const std::string& to, const Patience& patience) {
  const auto base = from.empty() ? empty_tree(store.place().sha256) : from;
  IndexChange lines;
  for (const auto& change : TRY(diff_trees(store.git(), base, to, patience))) {
    const auto [first, last] = entries.equal_range(change.path);
    const bool alone = first != last && std::next(first) == last && first->second.stage == 0;
    const bool agrees = first == last ? !change.before : alone && TreeEntry{first->second.mode, first->second.oid} == change.before;
    if (!agrees) continue;
    const auto zero = std::string(store.place().sha256 ? 64 : 40, '0');
    lines.entries += change.after ? cat(change.after.mode, " ", change.after.oid, "\t", change.path) : cat("0 ", zero, "\t", change.path);
    lines.entries += '\0';
    if (change.after && first != last && first->second.skip_worktree) lines.sparse += change.path, lines.sparse += '\0';
    lines.changes.push_back(change);
  }
  return lines;
}

// The index that has that sum, with these entries. conflict: it is another one by now.
Result<GitLockFile> moved_index(SyncStore& store, const std::string& sum, IndexChange lines, const Patience& patience) {
  auto next = TRY(GitLockFile::draft(store.place().git + "/index", own_locks(store)));
  if (TRY(index_sum_of_file(next.file())) != sum) return Error{Fault::conflict, "the index was changed meanwhile"};
  const auto git = store.git_with_tree();
  const std::vector<std::string> environment{"GIT_INDEX_FILE=" + next.file()};
  TRY(git.ask({.arguments = {"update-index", "-z", "--index-info"}, .input = std::move(lines.entries), .environment = environment}, patience));
  if (!lines.sparse.empty())
    TRY(git.ask({.arguments = {"update-index", "-z", "--skip-worktree", "--stdin"}, .input = std::move(lines.sparse), .environment = environment}, patience));
  TRY(next.finish_draft());
  return next;
}

}  // namespace

std::vector<std::string> lock_targets(const RepositoryPlace& place) {
  std::vector<std::string> targets{place.git + "/index", place.git + "/HEAD"};
  SystemDisk disk;
  if (const auto head = read_head(disk, place); head && !head->branch.empty()) targets.push_back(cat(place.common, "/", head->ref()));
  return targets;
}

static Result<bool> differs(SyncStore& store, const UserIndex& index, const Head& head, const Patience& patience);

Result<bool> has_staged(SyncStore& store, const Head& head, const Patience& patience) {
  auto* memory = store.memory();
  const auto index = TRY(user_index(store));
  if (memory && memory->agreed == index && memory->agreed_head == head.oid) return false;
  const bool staged = TRY(differs(store, *index, head, patience));
  if (memory && !staged) memory->agreed = index, memory->agreed_head = head.oid;
  return staged;
}

// An index and a commit, nothing being staged. The answer for the same two does not change.
static std::string agreement(const std::string& sum, const std::string& commit) { return cat(hex(hash64(sum), 16), " ", commit); }
static bool agree(SyncStore& store, const std::string& key) {
  const auto known = store.disk().read(store.file("agreed"), 256);
  return known && *known == key;
}

static Result<bool> differs(SyncStore& store, const UserIndex& index, const Head& head, const Patience& patience) {
  const auto key = agreement(index.sum, head.oid);
  if (agree(store, key)) return false;
  if (head.oid.empty()) return !index.entries.empty();
  if (TRY(keep_commits(store, {head.oid}, patience)).empty()) return Error{Fault::corrupt, "the commit of HEAD cannot be read"};
  const auto files = TRY(list_tree(store.git(), head.oid, patience));
  if (files.size() != index.entries.size()) return true;
  for (const auto& [path, entry] : index.entries) {
    const auto file = files.find(path);
    if (file == files.end() || entry.stage != 0 || file->second != TreeEntry{entry.mode, entry.oid}) return true;
  }
  TRY(store.disk().replace(store.file("agreed"), key));
  return false;
}

// The index goes along with a branch that has moved already.
static Result<void> follow_branch(SyncStore& store, const std::string& from, const std::string& to, const Patience& patience) {
  const auto index = TRY(read_user_index(store.disk(), store.place()));
  auto lines = TRY(index_change(store, index.entries, from, to, patience));
  if (lines.entries.empty()) return {};
  auto next = TRY(moved_index(store, index.sum, std::move(lines), patience));
  TRY(lock_index(store.place(), next, index.sum));
  return next.commit();
}

Result<void> forget_move(SyncStore& store) { return store.disk().remove(pending_file(store)); }

Result<void> complete_index(SyncStore& store, const Patience& patience) {
  const auto pending = store.disk().read(pending_file(store), 256);
  if (!pending) return {};
  const auto words = split(*pending, " ");
  const auto head = TRY(read_head(store.disk(), store.place()));
  // The branch has not moved, or the user's git has moved on: then the index is the user's.
  if (words.size() == 2 && head.oid == words[1]) {
    const auto until = Clock::now() + index_patience;
    for (int pause_ms = 5;; pause_ms = std::min(pause_ms * 2, 200)) {
      auto replaced = follow_branch(store, std::string(words[0] == "none" ? "" : words[0]), std::string(words[1]), patience);
      if (replaced) break;
      const bool passes = replaced.error().fault == Fault::busy || replaced.error().fault == Fault::conflict;
      // Kept for the next sync.
      if (passes && (Clock::now() > until || patience.over())) return {};
      if (!passes) return replaced;
      std::this_thread::sleep_for(Milliseconds(pause_ms));
    }
  }
  return store.disk().remove(pending_file(store));
}

Result<BranchMove> prepare_move(SyncStore& store, const Head& head, const std::string& commit, const Patience& patience) {
  const auto& place = store.place();
  const auto own = own_locks(store);
  TRY(store.disk().replace(pending_file(store), cat(head.oid.empty() ? "none" : head.oid, " ", commit)));
  const auto index = TRY(user_index(store));
  auto lines = TRY(index_change(store, index->entries, head.oid, commit, patience));
  // What has to reach the disk does so before or after: a git of the user's fails while the index is locked.
  BranchMove move{.head = head, .commit = commit, .index = {}, .branch = TRY(HeadMove::prepare(place, own, head, commit)), .changes = lines.changes, .before = index->sum};
  if (lines.entries.empty()) return move;
  move.index.emplace(TRY(moved_index(store, move.before, std::move(lines), patience)));
  move.after = TRY(index_sum_of_file(move.index->file()));
  // Where both agree and go the same way they still will.
  auto* memory = store.memory();
  move.agreed = (memory && memory->agreed == index && memory->agreed_head == head.oid) || agree(store, agreement(move.before, head.oid));
  return move;
}

// The branch moves while the index is locked: a commit of the user's between the two would take back what came in.
static Result<void> move_both(SyncStore& store, BranchMove& move, const std::string& message) {
  const auto& place = store.place();
  TRY(move.branch.lock(store.disk()));
  if (move.index)
    if (auto locked = lock_index(place, *move.index, move.before); !locked)
      return Error{locked.error().fault == Fault::conflict ? Fault::busy : locked.error().fault, locked.error().what};
  TRY(move.branch.go());
  auto replaced = move.index ? move.index->commit() : Result<void>{};
  move.branch.finish(user_identity(store.disk(), place), message);
  TRY(std::move(replaced));
  if (!move.index) return {};
  index_moved(store, move.before, move.changes, move.after);
  if (!move.agreed) return {};
  if (auto* memory = store.memory()) memory->agreed = memory->index, memory->agreed_head = move.commit;
  return store.disk().replace_lightly(store.file("agreed"), agreement(move.after, move.commit));
}

static Result<void> move_now(SyncStore& store, const Head& head, const std::string& commit, const std::string& message, const Patience& patience) {
  auto move = prepare_move(store, head, commit, patience);
  // The index, not the branch.
  if (!move) return Error{move.error().fault == Fault::conflict ? Fault::busy : move.error().fault, move.error().what};
  return move_both(store, *move, message);
}

Result<void> track_branch(SyncStore& store, const Head& head, const std::string& commit, const std::string& message, const Patience& patience, std::optional<BranchMove> ready) {
  if (ready && (ready->head != head || ready->commit != commit)) ready.reset();
  const auto until = Clock::now() + index_patience;
  for (int pause_ms = 5;; pause_ms = std::min(pause_ms * 2, 200)) {
    auto moved = ready ? move_both(store, *ready, message) : move_now(store, head, commit, message, patience);
    if (moved) return store.disk().remove(pending_file(store));
    // What is pending stays: complete_index() finds out how far it came.
    if (moved.error().fault != Fault::busy || patience.over() || Clock::now() > until) return moved;
    ready.reset();
    std::this_thread::sleep_for(Milliseconds(pause_ms));
  }
}

std::string user_identity(Disk& disk, const RepositoryPlace& place) {
  std::string name = git_setting(place.config, "user.name"), mail = git_setting(place.config, "user.email");
  if (name.empty()) name = user_git_setting(disk, "user.name");
  if (mail.empty()) mail = user_git_setting(disk, "user.email");
  std::erase_if(name, [](char c) { return c == '<' || c == '>' || c == '\n'; });
  std::erase_if(mail, [](char c) { return c == '<' || c == '>' || c == '\n' || c == ' '; });
  if (name.empty() || mail.empty()) return own_identity(wall_now());
  return cat(name, " <", mail, "> ", wall_now().ms / 1000, " +0000");
}

}  // namespace kra
