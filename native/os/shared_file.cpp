#include "os/shared_file.hpp"

#include <sys/file.h>
#include <sys/mman.h>
#if defined(__linux__)
#include <sys/vfs.h>
#endif

#include <utility>

#include "base/text.hpp"
#include "os/disk_calls.hpp"

namespace kra {

using calls::failure;

// Where a block that was taken stays taken. On one that copies on write, or lies on another machine, a store into a mapping may find no room, and the
// signal for that ends the process.
static bool keeps_room(int fd) {
#if defined(__linux__)
  constexpr long ext = 0xEF53, xfs = 0x58465342, tmpfs = 0x01021994;
  struct statfs about;
  if (::fstatfs(fd, &about) != 0) return false;
  return about.f_type == ext || about.f_type == xfs || about.f_type == tmpfs;
#else
  (void)fd;
  return false;
#endif
}

static Result<char*> take_room(int fd, const std::string& path, std::size_t size) {
  if (!keeps_room(fd)) return Error{Fault::refused, cat(printable(path), ": this file system keeps no room")};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return failure(path, "lock", errno);
#if defined(__linux__)
  if (int number = ::posix_fallocate(fd, 0, static_cast<off_t>(size)); number != 0) return failure(path, "take room", number);
#endif
  // Written too: what was only promised is given out at the first store.
  TRY(calls::write_all(fd, std::string(size, '\0'), path));
  void* bytes = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) return failure(path, "map", errno);
  return static_cast<char*>(bytes);
}

Result<SharedFile> SharedFile::create(const std::string& path, std::size_t size) {
  auto fd = TRY(calls::open_file(path, O_RDWR | O_CREAT | O_EXCL));
  auto bytes = take_room(fd.get(), path, size);
  if (!bytes) {
    ::unlink(path.c_str());
    return std::move(bytes.error());
  }
  return SharedFile(path, std::move(fd), *bytes, size);
}

SharedFile::SharedFile(SharedFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::move(other.fd_)), bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}

SharedFile::~SharedFile() {
  if (bytes_) ::munmap(bytes_, size_);
}

}  // namespace kra
