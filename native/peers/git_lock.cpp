#include "peers/git_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "wire/messages.hpp"

namespace kra {
namespace {

Error trouble(const std::string& path, const char* doing, int number) {
  const auto fault = number == EEXIST ? Fault::busy : Fault::io;
  return {fault, number == EEXIST ? cat(printable(path), " exists: another git is at work") : cat(printable(path), ": ", doing, ": ", std::strerror(number))};
}

Result<void> write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return trouble(path, "open", errno);
  while (!bytes.empty()) {
    const auto written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return trouble(path, "write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) return trouble(path, "sync", errno);
  return {};
}

void append_log(const std::string& path, const std::string& line) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (fd) (void)!::write(fd.get(), line.data(), line.size());
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

Result<GitLockFile> GitLockFile::take(const std::string& target, const std::string& own, std::string_view bytes) {
  TRY(make_parents(own + "/"));
  GitLockFile lock(target, cat(own, "/", new_uuid()));
  struct stat old;
  // A shared repository keeps its modes.
  const bool is_there = ::stat(target.c_str(), &old) == 0;
  TRY(write_file(lock.file_, bytes, is_there ? old.st_mode & 0777U : 0666));
  if (::link(lock.file_.c_str(), (target + ".lock").c_str()) != 0) return trouble(target + ".lock", "lock", errno);
  lock.locked_ = true;
  return lock;
}

Result<void> GitLockFile::commit() {
  if (::rename((target_ + ".lock").c_str(), target_.c_str()) != 0) return trouble(target_, "rename", errno);
  locked_ = false;
  Fd directory(::open(directory_part(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
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

Result<void> move_head(Disk& disk, const RepositoryPlace& place, const std::string& own, const Head& head, const std::string& to, const std::string& who,
                       const std::string& message) {
  const bool detached = head.branch.empty();
  const auto target = detached ? place.git + "/HEAD" : cat(place.common, "/", head.ref());
  TRY(make_parents(target));
  auto lock = TRY(GitLockFile::take(target, own, to + "\n"));
  const auto now = TRY(read_head(disk, place));
  // Somebody else moved it, or is on another branch by now.
  if (now != head) return Error{Fault::conflict, cat(head.branch.empty() ? "HEAD" : printable(head.branch), " has been moved by somebody else")};
  const auto log = cat(place.common, "/logs/", head.ref());
  if (!detached) TRY(make_parents(log));
  TRY(lock.commit());
  // It has moved: whatever comes of the log, the caller must know.
  const auto none = std::string(place.sha256 ? 64 : 40, '0');
  const auto line = cat(head.oid.empty() ? none : head.oid, " ", to, " ", who, "\t", message, "\n");
  append_log(place.git + "/logs/HEAD", line);
  if (!detached) append_log(log, line);
  return {};
}

Result<void> set_head(Disk&, const RepositoryPlace& place, const std::string& own, const Head& head) {
  auto lock = TRY(GitLockFile::take(place.git + "/HEAD", own, head.branch.empty() ? head.oid + "\n" : cat("ref: ", head.ref(), "\n")));
  return lock.commit();
}

Result<GitLockFile> lock_index(Disk& disk, const RepositoryPlace& place, const std::string& own, std::string_view before, std::string_view after) {
  const auto target = place.git + "/index";
  auto lock = TRY(GitLockFile::take(target, own, after));
  auto now = disk.read(target, 1ULL << 31);
  if (!now && now.error().fault != Fault::not_found) return std::move(now.error());
  if ((now ? std::string_view(*now) : std::string_view()) != before) return Error{Fault::conflict, "the index was changed meanwhile"};
  return lock;
}

Result<void> replace_index(Disk& disk, const RepositoryPlace& place, const std::string& own, std::string_view before, std::string_view after) {
  auto lock = TRY(lock_index(disk, place, own, before, after));
  return lock.commit();
}

}  // namespace kra
