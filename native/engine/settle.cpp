#include "engine/settle.hpp"

#include <algorithm>

namespace kra {

const char* name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::modify: return "modify";
    case ChangeKind::create: return "create";
    case ChangeKind::remove: return "delete";
    case ChangeKind::rename: return "rename";
  }
  return "";
}

void Settle::settle_by(Pending& pending, Instant due) {
  pending.due = due;
  due_ = due_ ? std::min(*due_, due) : due;
}

Settle::Pending& Settle::pending(const std::string& path, const std::string& root, bool known, Instant now) {
  auto [at, is_new] = pending_.try_emplace(path);
  if (is_new) at->second = {.root = root, .was = known, .is = known, .first = now, .due = now};
  at->second.of_git = at->second.of_git || git_holds(root, now);
  return at->second;
}

// A file that is written again is no half of a rename any more: the other half stands alone.
void Settle::part(const std::string& path, Instant now) {
  auto& mine = pending_.at(path);
  if (!mine.to.empty()) {
    if (auto other = pending_.find(mine.to); other != pending_.end()) {
      other->second.from.clear();
      settle_by(other->second, now);
    }
    mine.to.clear();
  }
}

void Settle::closed(const std::string& path, const std::string& root, bool known, Instant now) {
  auto& file = pending(path, root, known, now);
  part(path, now);
  file.is = true;
  file.open = false;
  // The new name of a rename waits for what becomes of the old one.
  if (file.from.empty()) settle_by(file, file.was ? now : now + times_.birth);
}

void Settle::touched(const std::string& path, const std::string& root, bool known, Instant now) {
  auto& file = pending(path, root, known, now);
  if (!file.is) file.first = now;
  part(path, now);
  file.is = file.open = true;
  if (file.from.empty()) settle_by(file, std::min(now + times_.quiet, file.first + times_.cap));
}

void Settle::gone(const std::string& path, const std::string& root, Instant now) {
  young_.erase(path);
  auto& file = pending(path, root, true, now);
  part(path, now);
  file.is = file.open = false;
  if (!file.from.empty()) {
    // Moved here and deleted here: the old name is what is gone.
    if (auto other = pending_.find(file.from); other != pending_.end()) other->second.to.clear();
    file.from.clear();
  }
  settle_by(file, now + times_.delete_delay);
}

void Settle::in_use(const std::string& path) {
  young_.erase(path);
  if (auto found = pending_.find(path); found != pending_.end()) found->second.was = true;
}

void Settle::moved(const std::string& from, const std::string& to, const std::string& root, bool known, Instant now) {
  auto old = pending_.find(from);
  auto young = young_.find(from);
  bool just_made = (old != pending_.end() && !old->second.was && old->second.from.empty()) || (young != young_.end() && young->second > now);
  if (just_made || known || pending_.count(to) > 0) {
    closed(to, root, known, now);
    return gone(from, root, now);
  }
  // A second move of the same file is one from its first name.
  auto first = old != pending_.end() && !old->second.from.empty() ? old->second.from : from;
  if (first != from) pending_.erase(from);
  else gone(from, root, now);
  auto& source = pending_.at(first);
  auto& target = pending(to, root, false, now);
  target.is = true;
  target.from = first;
  source.to = to;
  settle_by(source, now + times_.delete_delay);
  settle_by(target, now + times_.delete_delay);
}

void Settle::git(const std::string& root, bool holds, Instant now) {
  if (holds) git_until_.try_emplace(root, now + times_.git_cap);
  else git_until_.erase(root);
  // What git has deleted by now stays deleted.
  for (auto& [path, file] : pending_)
    if (!holds && file.root == root && file.of_git && !file.is && file.to.empty()) file.due = now;
  // What waited may be due, and what was due may wait.
  if (!pending_.empty()) due_ = now;
}

bool Settle::git_at_work(const std::string& root, Instant now) const {
  auto found = git_until_.find(root);
  return found != git_until_.end() && now < found->second;
}

bool Settle::git_holds(const std::string& root, Instant now) const {
  auto found = git_until_.find(root);
  return found != git_until_.end() && now < found->second - times_.git_cap + times_.git_longest;
}

bool Settle::waits(const Pending& pending, Instant now) const { return pending.due > now || git_at_work(pending.root, now); }

std::optional<Instant> Settle::due() const { return pending_.empty() ? std::nullopt : due_; }

std::optional<SettledChange> Settle::outcome(const std::string& path, const Pending& file) const {
  if (!file.from.empty()) return SettledChange{ChangeKind::rename, path, file.from, file.root, file.of_git, file.open};
  if (!file.was && !file.is) return std::nullopt;
  auto kind = !file.was ? ChangeKind::create : file.is ? ChangeKind::modify : ChangeKind::remove;
  return SettledChange{kind, path, {}, file.root, file.of_git, file.open};
}

std::vector<SettledChange> Settle::ring(Instant now) {
  std::vector<SettledChange> settled;
  if (!due_ || *due_ > now) return settled;
  std::erase_if(young_, [&](const auto& each) { return each.second <= now; });
  std::optional<Instant> next;
  for (auto at = pending_.begin(); at != pending_.end();) {
    auto& [path, file] = *at;
    if (waits(file, now)) {
      auto due = git_at_work(file.root, now) ? std::max(file.due, git_until_.at(file.root)) : file.due;
      next = next ? std::min(*next, due) : due;
      ++at;
      continue;
    }
    // The old name of a rename goes with the new one.
    if (auto change = file.to.empty() ? outcome(path, file) : std::nullopt) {
      if (change->kind == ChangeKind::create) young_[path] = now + times_.delete_delay;
      settled.push_back(std::move(*change));
    }
    at = pending_.erase(at);
  }
  due_ = next;
  return settled;
}

}  // namespace kra
