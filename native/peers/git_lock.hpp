// Replacing a file of a git directory by git's own protocol (NAME.lock, made by whoever changes NAME, renamed over it), held for microseconds. The
// lock file is a second name of a file in a directory of ours, so that one left by a crash can be told from one of the user's git for sure.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/disk.hpp"
#include "peers/git_repository.hpp"

namespace kra {

class GitLockFile {
 public:
  // `bytes` are complete and synced in `own` (a directory of ours on the same file system); nothing is locked yet.
  static Result<GitLockFile> prepare(const std::string& target, const std::string& own, std::string_view bytes);
  // busy: another has the lock.
  Result<void> lock();
  // The same with what the target has now (nothing: no file), where a git has yet to work upon it and brings it to disk itself.
  static Result<GitLockFile> draft(const std::string& target, const std::string& own);
  const std::string& file() const { return file_; }
  // That git has ended: the file gets the permissions of the target.
  Result<void> finish_draft() const;
  static Result<GitLockFile> take(const std::string& target, const std::string& own, std::string_view bytes);
  GitLockFile(GitLockFile&& other) noexcept;
  GitLockFile& operator=(GitLockFile&&) = delete;
  ~GitLockFile();

  // The target holds the bytes; the lock is gone.
  Result<void> replace();
  // And that survives a power cut.
  Result<void> commit();

 private:
  GitLockFile(std::string target, std::string file) : target_(std::move(target)), file_(std::move(file)) {}
  std::string target_, file_;
  bool locked_ = false;
};

// Takes away what a crash left of GitLockFile: locks of these targets that are ours, and nothing else.
void remove_own_locks(Disk& disk, const std::string& own, const std::vector<std::string>& targets);

// What moves a branch (or a detached HEAD), ready before anybody has to wait for it.
class HeadMove {
 public:
  static Result<HeadMove> prepare(const RepositoryPlace& place, const std::string& own, const Head& head, const std::string& to);
  // It is where it was, and nobody moves it now. conflict: it is no longer there; busy: locked.
  Result<void> lock(Disk& disk);
  // One rename.
  Result<void> go() { return lock_.replace(); }
  // The reflogs have it, and it survives a power cut.
  void finish(const std::string& who, const std::string& message) const;

 private:
  HeadMove(const RepositoryPlace& place, const Head& head, std::string to, std::string target, GitLockFile lock)
      : place_(place), head_(head), to_(std::move(to)), target_(std::move(target)), lock_(std::move(lock)) {}
  const RepositoryPlace& place_;
  Head head_;
  std::string to_, target_;
  GitLockFile lock_;
};

// Moves a branch (or a detached HEAD) from `head.oid` to `to` with an entry in the reflogs. conflict: it is no longer there; busy: locked.
Result<void> move_head(Disk& disk, const RepositoryPlace& place, const std::string& own, const Head& head, const std::string& to, const std::string& who,
                       const std::string& message);
// HEAD itself names that branch, or that commit when `head.branch` is empty.
Result<void> set_head(Disk& disk, const RepositoryPlace& place, const std::string& own, const Head& head);
// No git of the user's changes the index until `next` has taken its place. conflict: it no longer has the sum `before` (peers/git_index_sum.hpp).
Result<void> lock_index(const RepositoryPlace& place, GitLockFile& next, const std::string& before);
// The index gets these bytes if it still has the sum `before`, and that time of its writing (0: now).
Result<void> replace_index(const RepositoryPlace& place, const std::string& own, const std::string& before, std::string_view after, std::int64_t written_at_ns = 0);
// Too early a time is harmless: git then compares bytes where looks would do.
Result<void> set_written_at(const std::string& path, std::int64_t ns);

}  // namespace kra
