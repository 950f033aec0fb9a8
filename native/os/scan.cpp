#include "os/scan.hpp"

#include <dirent.h>
#include <limits.h>

#include <cstdlib>
#include <cstring>
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

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

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

Result<std::vector<FoundEntry>> scan_directory(const std::string& path) {
  auto fd = TRY(calls::open_file(path, O_RDONLY | O_DIRECTORY));
  std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(fd.get()));
  if (!directory) return calls::failure(path, "read", errno);
  int at = fd.release();
  std::vector<FoundEntry> found;
  while (const auto* entry = ::readdir(directory.get())) {
    const char* name = entry->d_name;
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
    struct stat info {};
    bool is_directory = entry->d_type == DT_DIR;
    if (!is_directory) {
      if (::fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      is_directory = S_ISDIR(info.st_mode);
    }
    found.push_back({name, is_directory, is_directory ? 0 : stamp_from(info).brief(), entry->d_ino});
  }
  return found;
}

ReadFile read_stable(const std::string& path, std::uint64_t limit, int tries) {
  ReadFile file;
  for (int attempt = 0; attempt < tries; ++attempt) {
    // Without O_NONBLOCK a pipe in place of a file would be waited for.
    Fd fd(calls::again([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
    if (!fd) {
      struct stat info {};
      return {.stamp = ::stat(path.c_str(), &info) == 0 ? stamp_from(info) : FileStamp()};
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
