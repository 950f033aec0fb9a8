#include "os/scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "os/disk.hpp"
#include "os/disk_calls.hpp"
#include "os/live_tree_calls.hpp"

namespace kra {

namespace {

FileStamp stamp_from(const struct stat& info) {
  auto nanoseconds = [](const timespec& time) { return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec; };
  return {.exists = true,
          .regular = S_ISREG(info.st_mode),
          .directory = S_ISDIR(info.st_mode),
          .device = info.st_dev,
          .inode = info.st_ino,
          .size = static_cast<std::uint64_t>(info.st_size),
          .modified_ns = nanoseconds(info.st_mtim),
          .changed_ns = nanoseconds(info.st_ctim),
          .mode = info.st_mode};
}

std::int64_t time_of(clockid_t clock) {
  timespec now {};
  ::clock_gettime(clock, &now);
  return std::int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// As getdents64(2) gives it; readdir(3) would ask twice more for each directory, and for memory.
struct RawEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};
constexpr std::size_t entries_at_once = 32U << 10;

// One pass over the file; false when somebody wrote while it lasted.
bool read_once(int fd, const std::string& path, std::uint64_t limit, ReadFile& file) {
  struct stat before {}, after {};
  auto lease = calls::take_lease(fd, path);
  bool open = !lease && lease.error().fault == Fault::busy;
  if (::fstat(fd, &before) != 0) return true;
  file = {.stamp = stamp_from(before), .open = open};
  if (!file.stamp.regular || file.stamp.size > limit) return true;
  file.bytes.resize(file.stamp.size);
  std::size_t have = 0;
  while (have < file.bytes.size()) {
    auto got = calls::again([&] { return ::pread(fd, file.bytes.data() + have, file.bytes.size() - have, static_cast<off_t>(have)); });
    if (got < 0) return true;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  file.read = have == file.bytes.size();
  bool broken = lease && calls::lease_state(fd, *lease) == calls::LeaseState::broken;
  return file.read && !broken && ::fstat(fd, &after) == 0 && stamp_from(after) == file.stamp;
}

}  // namespace

std::uint64_t FileStamp::brief() const {
  if (!exists) return 0;
  const std::uint64_t parts[] = {device, inode, size, static_cast<std::uint64_t>(modified_ns), static_cast<std::uint64_t>(changed_ns), mode};
  std::uint64_t mixed = 0x9e3779b97f4a7c15ULL;
  // The finaliser of SplitMix64 (Steele, Lea, Flood 2014) after each part.
  for (auto part : parts) {
    mixed = (mixed ^ part) + 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    mixed ^= mixed >> 31;
  }
  return mixed == 0 ? 1 : mixed;
}

std::string FileStamp::identity() const {
  return exists ? cat(device, ":", inode, ":", size, ":", modified_ns, ":", changed_ns, ":", mode) : "";
}

FileStamp stamp_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? stamp_from(info) : FileStamp();
}

// False when we may not look at it.
static bool take_entry(int at, const RawEntry& entry, Scan scan, std::vector<FoundEntry>& found) {
  const char* name = entry.name;
  if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) return true;
  FoundEntry one{.name = name, .directory = entry.type == DT_DIR, .inode = entry.inode};
  if (!one.directory && (scan == Scan::stamps || entry.type == DT_UNKNOWN)) {
    struct stat info {};
    if (::fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno != EACCES;
    auto stamp = stamp_from(info);
    one.directory = stamp.directory;
    if (!one.directory && scan == Scan::stamps) one.stamp = stamp.brief(), one.changed_ns = stamp.changed_ns;
  }
  found.push_back(std::move(one));
  return true;
}

Result<std::vector<FoundEntry>> scan_directory(const std::string& path, Scan scan) {
  auto directory = TRY(calls::open_file(path, O_RDONLY | O_DIRECTORY));
  std::vector<FoundEntry> found;
  alignas(RawEntry) std::array<char, entries_at_once> buffer;
  for (;;) {
    auto got = calls::again([&] { return ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size()); });
    if (got < 0) return calls::failure(path, "read", errno);
    if (got == 0) return found;
    for (long at = 0; at < got;) {
      const auto& entry = *reinterpret_cast<const RawEntry*>(buffer.data() + at);
      if (!take_entry(directory.get(), entry, scan, found)) return calls::failure(path, "look into", EACCES);
      at += entry.length;
    }
  }
}

bool may_read_directory(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), R_OK | X_OK, AT_EACCESS) == 0; }

std::int64_t file_clock_ns() { return time_of(CLOCK_REALTIME_COARSE); }

std::int64_t file_clock_offset_ns() { return time_of(CLOCK_REALTIME) - time_of(CLOCK_BOOTTIME); }

ReadFile read_stable(const std::string& path, std::uint64_t limit, int tries) {
  ReadFile file;
  for (int attempt = 0; attempt < tries; ++attempt) {
    // Without O_NONBLOCK a pipe in place of a file would be waited for.
    Fd fd(calls::again([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
    if (!fd) {
      struct stat info {};
      bool seen = ::stat(path.c_str(), &info) == 0;
      return {.stamp = seen ? stamp_from(info) : FileStamp(), .hidden = !seen && errno == EACCES};
    }
    if (read_once(fd.get(), path, limit, file)) return file;
  }
  return file;
}

std::string real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> whole(::realpath(path.c_str(), nullptr), &std::free);
  if (whole) return whole.get();
  auto directory = directory_part(path);
  std::unique_ptr<char, decltype(&std::free)> parent(::realpath(directory.c_str(), nullptr), &std::free);
  if (!parent) return "";
  std::string real = parent.get();
  return cat(real == "/" ? "" : real, "/", name_part(path));
}

}  // namespace kra
