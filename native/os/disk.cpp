#include "os/disk.hpp"

#include <dirent.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "os/disk_calls.hpp"

namespace kra {

using calls::again;
using calls::failure;

std::string directory_part(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

static Result<std::string> read_at_most(int fd, const std::string& path, std::uint64_t limit, std::uint64_t expected) {
  std::string bytes;
  std::size_t filled = 0;
  while (filled < limit) {
    // One byte more than expected, so that a file that is as long as it says needs no second growth to find its end.
    bytes.resize(std::min<std::uint64_t>(limit, std::max<std::uint64_t>(expected + 1, filled + 4096)));
    auto got = again([&] { return ::read(fd, bytes.data() + filled, bytes.size() - filled); });
    if (got < 0) return failure(path, "read", errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

static Result<Fd> open_regular(const std::string& path, std::uint64_t& size) {
  // O_NONBLOCK: a pipe under this name must not hold us.
  auto fd = TRY(calls::open_file(path, O_RDONLY | O_NONBLOCK));
  auto info = TRY(calls::status(fd.get(), path));
  if (!S_ISREG(info.st_mode)) return Error{Fault::refused, cat(printable(path), " is no regular file")};
  size = static_cast<std::uint64_t>(info.st_size);
  return fd;
}

Result<std::string> SystemDisk::read(const std::string& path, std::uint64_t limit) {
  std::uint64_t size = 0;
  auto fd = TRY(open_regular(path, size));
  auto too_long = [&] { return Error{Fault::refused, cat(printable(path), " has more than ", limit, " bytes")}; };
  if (size > limit) return too_long();
  auto bytes = TRY(read_at_most(fd.get(), path, limit + 1, size));
  if (bytes.size() > limit) return too_long();
  return bytes;
}

Result<std::string> SystemDisk::read_front(const std::string& path, std::uint64_t bytes) {
  std::uint64_t size = 0;
  auto fd = TRY(open_regular(path, size));
  return read_at_most(fd.get(), path, bytes, std::min(size, bytes));
}

static bool is_directory(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<void> SystemDisk::make_directory(const std::string& path) {
  if (is_directory(path)) return {};
  auto make = [&] { return again([&] { return ::mkdir(path.c_str(), 0700); }) == 0 ? 0 : errno; };
  int number = make();
  if (number == ENOENT && path != "/") {
    TRY(make_directory(directory_part(path)));
    number = make();
  }
  // Another process may have been faster.
  if (number != 0 && !is_directory(path)) return failure(path, "make the directory", number);
  return sync_directory(directory_part(path));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

static Result<Directory> listing_of(Fd fd, const std::string& path) {
  Directory directory(::fdopendir(fd.get()));
  if (!directory) return failure(path, "list", errno);
  (void)fd.release();
  return directory;
}

static Result<std::vector<std::string>> names_in(DIR* directory, const std::string& path) {
  std::vector<std::string> names;
  errno = 0;
  while (auto* entry = ::readdir(directory)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
    errno = 0;
  }
  if (errno != 0) return failure(path, "list", errno);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> SystemDisk::list(const std::string& directory) {
  auto fd = TRY(calls::open_directory(directory));
  auto listing = TRY(listing_of(std::move(fd), directory));
  return names_in(listing.get(), directory);
}

Result<FileInfo> SystemDisk::info(const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0) return failure(path, "stat", errno);
  auto modified_ms = info.st_mtim.tv_sec * std::int64_t{1000} + info.st_mtim.tv_nsec / 1'000'000;
  auto modified_ns = info.st_mtim.tv_sec * std::int64_t{1'000'000'000} + info.st_mtim.tv_nsec;
  return FileInfo{static_cast<std::uint64_t>(info.st_size), modified_ms, S_ISDIR(info.st_mode), static_cast<std::uint64_t>(info.st_dev),
                  static_cast<std::uint64_t>(info.st_ino), modified_ns};
}

Result<void> SystemDisk::remove(const std::string& path) {
  if (again([&] { return ::unlink(path.c_str()); }) != 0 && errno != ENOENT) return failure(path, "remove", errno);
  return {};
}

static Result<void> remove_below(int parent, const std::string& name, const std::string& path) {
  if (again([&] { return ::unlinkat(parent, name.c_str(), 0); }) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return failure(path, "remove", errno);
  Fd fd(again([&] { return ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd) return failure(path, "open", errno);
  auto listing = TRY(listing_of(std::move(fd), path));
  for (const auto& entry : TRY(names_in(listing.get(), path))) TRY(remove_below(::dirfd(listing.get()), entry, cat(path, "/", entry)));
  if (again([&] { return ::unlinkat(parent, name.c_str(), AT_REMOVEDIR); }) != 0 && errno != ENOENT) return failure(path, "remove", errno);
  return {};
}

Result<void> SystemDisk::remove_tree(const std::string& path) {
  auto parent = calls::open_directory(directory_part(path));
  if (!parent) return parent.error().fault == Fault::not_found ? Result<void>{} : std::move(parent.error());
  return remove_below(parent->get(), name_part(path), path);
}

Result<Lock> SystemDisk::lock(const std::string& path, const Patience& patience) { return Lock::take(path, patience); }

}  // namespace kra
