#include "peers/git_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "os/disk_calls.hpp"
#include "peers/git_index_sum.hpp"
#include "wire/messages.hpp"

namespace kra {
namespace {

Error trouble(const std::string& path, const char* doing, int number) {
  const auto fault = number == EEXIST ? Fault::busy : Fault::io;
  return {fault, number == EEXIST ? cat(printable(path), " exists: another git is at work") : cat(printable(path), ": ", doing, ": ", std::strerror(number))};
}

Result<void> copy_all(int from, int to, const std::string& path) {
  std::array<char, 64U << 10> part;
  while (true) {
    const auto got = ::read(from, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return trouble(path, "copy", errno);
    if (got == 0) return {};
    TRY(calls::write_all(to, {part.data(), static_cast<std::size_t>(got)}, path));
  }
}

Result<void> write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return trouble(path, "open", errno);
  TRY(calls::write_all(fd.get(), bytes, path));
  return calls::sync(fd.get(), path);
}

// A shared repository keeps its modes.
mode_t mode_of(const std::string& target) {
  struct stat old;
  return ::stat(target.c_str(), &old) == 0 ? old.st_mode & 0777U : 0666;
}

bool same_version(const struct stat& left, const struct stat& right) {
  return left.st_ino == right.st_ino && left.st_dev == right.st_dev && left.st_size == right.st_size && left.st_mtim.tv_sec == right.st_mtim.tv_sec &&
         left.st_mtim.tv_nsec == right.st_mtim.tv_nsec && left.st_ctim.tv_sec == right.st_ctim.tv_sec && left.st_ctim.tv_nsec == right.st_ctim.tv_nsec;
}

void append_log(const std::string& path, const std::string& line) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (fd) (void)!::write(fd.get(), line.data(), line.size());
}

void sync_directory_of(const std::string& path) {
  Fd directory(::open(directory_part(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
}

Result<void> make_parents(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (::mkdir(path.substr(0, slash).c_str(), 0777) != 0 && errno != EEXIST) return trouble(path, "make the directory", errno);
  return {};
}

}  // namespace

GitLockFile::GitLockFile(GitLockFile&& other) noexcept
    : target_(std::move(other.target_)), file_(std::exchange(other.file_, {})), locked_(std::exchange(other.locked_, false)) {}

GitLockFile::~GitLockFile() {
  if (locked_) ::unlink((target_ + ".lock").c_str());
  if (!file_.empty()) ::unlink(file_.c_str());
}

Result<GitLockFile> GitLockFile::prepare(const std::string& target, const std::string& own, std::string_view bytes) {
  TRY(make_parents(own + "/"));
  GitLockFile lock(target, cat(own, "/", new_uuid()));
  TRY(write_file(lock.file_, bytes, mode_of(target)));
  return lock;
}

Result<GitLockFile> GitLockFile::draft(const std::string& target, const std::string& own) {
  TRY(make_parents(own + "/"));
  GitLockFile lock(target, cat(own, "/", new_uuid()));
  const Fd from(::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from && errno == ENOENT) return lock;
  if (!from) return trouble(target, "open", errno);
  const Fd to(::open(lock.file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!to) return trouble(lock.file_, "open", errno);
  TRY(copy_all(from.get(), to.get(), lock.file_));
  // By it git tells which files may have changed in the moment when their entries were written.
  struct stat old;
  const bool known = ::fstat(from.get(), &old) == 0;
  const timespec times[2] = {{0, UTIME_OMIT}, known ? old.st_mtim : timespec{0, UTIME_OMIT}};
  if (::futimens(to.get(), times) != 0) return trouble(lock.file_, "set the time", errno);
  return lock;
}

Result<void> GitLockFile::finish_draft() const {
  struct stat old;
  if (::stat(target_.c_str(), &old) == 0 && ::chmod(file_.c_str(), old.st_mode & 0777U) != 0) return trouble(file_, "set the permissions", errno);
  return {};
}

Result<void> GitLockFile::lock() {
  if (::link(file_.c_str(), (target_ + ".lock").c_str()) != 0) return trouble(target_ + ".lock", "lock", errno);
  locked_ = true;
  return {};
}

Result<GitLockFile> GitLockFile::take(const std::string& target, const std::string& own, std::string_view bytes) {
  auto lock = TRY(prepare(target, own, bytes));
  TRY(lock.lock());
  return lock;
}

Result<void> GitLockFile::replace() {
  if (::rename((target_ + ".lock").c_str(), target_.c_str()) != 0) return trouble(target_, "rename", errno);
  locked_ = false;
  return {};
}

Result<void> GitLockFile::commit() {
  TRY(replace());
  sync_directory_of(target_);
  return {};
}

void remove_own_locks(Disk& disk, const std::string& own, const std::vector<std::string>& targets) {
  const auto files = disk.list(own);
  if (!files) return;
  for (const auto& name : *files) {
    const auto path = cat(own, "/", name);
    struct stat ours, lock;
    if (::lstat(path.c_str(), &ours) != 0) continue;
    for (const auto& target : targets) {
      const auto locked = target + ".lock";
      if (::lstat(locked.c_str(), &lock) == 0 && lock.st_ino == ours.st_ino && lock.st_dev == ours.st_dev) ::unlink(locked.c_str());
    }
    (void)disk.remove(path);
  }
}

Result<HeadMove> HeadMove::prepare(const RepositoryPlace& place, const std::string& own, const Head& head, const std::string& to) {
  const auto target = head.branch.empty() ? place.git + "/HEAD" : cat(place.common, "/", head.ref());
  TRY(make_parents(target));
  if (!head.branch.empty()) TRY(make_parents(cat(place.common, "/logs/", head.ref())));
  auto lock = TRY(GitLockFile::prepare(target, own, to + "\n"));
  return HeadMove(place, head, to, target, std::move(lock));
}

Result<void> HeadMove::lock(Disk& disk) {
  TRY(lock_.lock());
  const auto now = TRY(read_head(disk, place_));
  // Somebody else moved it, or is on another branch by now.
  if (now != head_) return Error{Fault::conflict, cat(head_.branch.empty() ? "HEAD" : printable(head_.branch), " has been moved by somebody else")};
  return {};
}

// It has moved: whatever comes of the log, the caller must know.
void HeadMove::finish(const std::string& who, const std::string& message) const {
  const auto none = std::string(place_.sha256 ? 64 : 40, '0');
  const auto line = cat(head_.oid.empty() ? none : head_.oid, " ", to_, " ", who, "\t", message, "\n");
  append_log(place_.git + "/logs/HEAD", line);
  if (!head_.branch.empty()) append_log(cat(place_.common, "/logs/", head_.ref()), line);
  sync_directory_of(target_);
}

Result<void> move_head(Disk& disk, const RepositoryPlace& place, const std::string& own, const Head& head, const std::string& to, const std::string& who,
                       const std::string& message) {
  auto move = TRY(HeadMove::prepare(place, own, head, to));
  TRY(move.lock(disk));
  TRY(move.go());
  move.finish(who, message);
  return {};
}

Result<void> set_head(Disk&, const RepositoryPlace& place, const std::string& own, const Head& head) {
  auto lock = TRY(GitLockFile::take(place.git + "/HEAD", own, head.branch.empty() ? head.oid + "\n" : cat("ref: ", head.ref(), "\n")));
  return lock.commit();
}

// Nobody changes an index in place: what is the same file under the lock has the bytes that it had before, and nobody waits while they are read.
Result<void> lock_index(const RepositoryPlace& place, GitLockFile& next, const std::string& before) {
  const auto target = place.git + "/index";
  const Error changed{Fault::conflict, "the index was changed meanwhile"};
  struct stat read, locked;
  const bool was_there = ::stat(target.c_str(), &read) == 0;
  if (TRY(index_sum_of_file(target)) != before) return changed;
  TRY(next.lock());
  const bool is_there = ::stat(target.c_str(), &locked) == 0;
  if (was_there != is_there || (is_there && !same_version(read, locked))) return changed;
  return {};
}

Result<void> replace_index(const RepositoryPlace& place, const std::string& own, const std::string& before, std::string_view after, std::int64_t written_at_ns) {
  auto next = TRY(GitLockFile::prepare(place.git + "/index", own, after));
  TRY(lock_index(place, next, before));
  if (written_at_ns != 0) TRY(set_written_at(place.git + "/index.lock", written_at_ns));
  return next.commit();
}

Result<void> set_written_at(const std::string& path, std::int64_t ns) {
  const timespec times[2] = {{0, UTIME_OMIT}, {ns / 1'000'000'000, ns % 1'000'000'000}};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return trouble(path, "set the time", errno);
  return {};
}

}  // namespace kra
