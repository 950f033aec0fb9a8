#include "engine/sync_branch.hpp"

#include <thread>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_user.hpp"
#include "engine/tree_memory.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

// A user's git holds its lock for as long as it works.
constexpr Milliseconds index_patience{5000};

std::string pending_file(SyncStore& store) { return store.file("index-pending"); }

// The index with the entries of every path that changed from one commit to the other, as far as they were those of the first.
Result<std::string> moved_index(SyncStore& store, const UserIndex& index, const std::string& from, const std::string& to, const Patience& patience) {
  const auto base = from.empty() ? empty_tree(store.place().sha256) : from;
  std::string input, sparse;
  for (const auto& change : TRY(diff_trees(store.git(), base, to, patience))) {
    const auto [first, last] = index.entries.equal_range(change.path);
    const bool alone = first != last && std::next(first) == last && first->second.stage == 0;
    const bool agrees = first == last ? !change.before : alone && TreeEntry{first->second.mode, first->second.oid} == change.before;
    if (!agrees) continue;
    const auto zero = std::string(store.place().sha256 ? 64 : 40, '0');
    input += change.after ? cat(change.after.mode, " ", change.after.oid, "\t", change.path) : cat("0 ", zero, "\t", change.path);
    input += '\0';
    if (change.after && first != last && first->second.skip_worktree) sparse += change.path, sparse += '\0';
  }
  if (input.empty()) return index.bytes;
  const auto file = store.file("index-next");
  if (index.bytes.empty()) TRY(store.disk().remove(file));
  else TRY(store.disk().replace(file, index.bytes));
  GitCall update{.arguments = {"update-index", "-z", "--index-info"}, .input = std::move(input), .environment = {"GIT_INDEX_FILE=" + file}};
  TRY(store.git_with_tree().ask(std::move(update), patience));
  if (!sparse.empty()) {
    GitCall keep{.arguments = {"update-index", "-z", "--skip-worktree", "--stdin"}, .input = std::move(sparse), .environment = {"GIT_INDEX_FILE=" + file}};
    TRY(store.git_with_tree().ask(std::move(keep), patience));
  }
  return store.disk().read(file, 1ULL << 31);
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
  if (!memory) {
    const auto index = TRY(read_user_index(store.disk(), store.place()));
    return differs(store, index, head, patience);
  }
  const auto index = TRY(user_index(store));
  if (memory->agreed == index && memory->agreed_head == head.oid) return false;
  // One that is remembered may have left its bytes in the store.
  const bool whole = !index->bytes.empty() || index->entries.empty();
  const auto again = whole ? UserIndex() : TRY(read_user_index(store.disk(), store.place()));
  const bool staged = TRY(differs(store, whole ? *index : again, head, patience));
  if (!staged) memory->agreed = index, memory->agreed_head = head.oid;
  return staged;
}

// An index and a commit, nothing being staged. The answer for the same two does not change.
static std::string agreement(std::string_view index, const std::string& commit) { return cat(hex(hash64(index), 16), " ", commit); }
static bool agree(SyncStore& store, const std::string& key) {
  const auto known = store.disk().read(store.file("agreed"), 256);
  return known && *known == key;
}

static Result<bool> differs(SyncStore& store, const UserIndex& index, const Head& head, const Patience& patience) {
  const auto key = agreement(index.bytes, head.oid);
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

Result<void> complete_index(SyncStore& store, const Patience& patience) {
  const auto pending = store.disk().read(pending_file(store), 256);
  if (!pending) return {};
  const auto words = split(*pending, " ");
  const auto head = TRY(read_head(store.disk(), store.place()));
  // The branch has not moved, or the user's git has moved on: then the index is the user's.
  if (words.size() == 2 && head.oid == words[1]) {
    const auto until = Clock::now() + index_patience;
    for (int pause_ms = 5;; pause_ms = std::min(pause_ms * 2, 200)) {
      const auto index = TRY(read_user_index(store.disk(), store.place()));
      const auto next = TRY(moved_index(store, index, std::string(words[0] == "none" ? "" : words[0]), std::string(words[1]), patience));
      auto replaced = next == index.bytes ? Result<void>{} : replace_index(store.disk(), store.place(), own_locks(store), index.bytes, next);
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

// The branch moves while the index is locked: a commit of the user's between the two would take back what came in.
static Result<void> move_both(SyncStore& store, const Head& head, const std::string& commit, const std::string& message, const Patience& patience) {
  const auto& place = store.place();
  const auto own = own_locks(store);
  const auto index = TRY(read_user_index(store.disk(), place));
  const auto next = TRY(moved_index(store, index, head.oid, commit, patience));
  if (next == index.bytes) return move_head(store.disk(), place, own, head, commit, user_identity(store.disk(), place), message);
  // What has to reach the disk does so before or after: a git of the user's fails while the index is locked.
  auto next_file = TRY(next_index(place, own, next));
  auto move = TRY(HeadMove::prepare(place, own, head, commit));
  TRY(move.lock(store.disk()));
  if (auto locked = lock_index(store.disk(), place, next_file, index.bytes); !locked)
    return Error{locked.error().fault == Fault::conflict ? Fault::busy : locked.error().fault, locked.error().what};
  TRY(move.go());
  auto replaced = next_file.commit();
  move.finish(user_identity(store.disk(), place), message);
  TRY(std::move(replaced));
  // Where both agreed and went the same way they still do.
  if (agree(store, agreement(index.bytes, head.oid))) TRY(store.disk().replace(store.file("agreed"), agreement(next, commit)));
  return {};
}

Result<void> track_branch(SyncStore& store, const Head& head, const std::string& commit, const std::string& message, const Patience& patience) {
  TRY(store.disk().replace(pending_file(store), cat(head.oid.empty() ? "none" : head.oid, " ", commit)));
  const auto until = Clock::now() + index_patience;
  for (int pause_ms = 5;; pause_ms = std::min(pause_ms * 2, 200)) {
    auto moved = move_both(store, head, commit, message, patience);
    if (moved) return store.disk().remove(pending_file(store));
    // What is pending stays: complete_index() finds out how far it came.
    if (moved.error().fault != Fault::busy || patience.over() || Clock::now() > until) return moved;
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
