#include "os/disk_calls.hpp"

#include <cstring>

#include "base/text.hpp"

namespace kra::calls {

static Fault fault_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR: return Fault::not_found;
    case EEXIST: return Fault::conflict;
    case ELOOP: return Fault::refused;
    default: return Fault::io;
  }
}

Error failure(const std::string& path, const char* doing, int number) {
  return {fault_of(number), cat(printable(path), ": ", doing, ": ", std::strerror(number))};
}

Result<Fd> open_file(const std::string& path, int flags) {
  Fd fd(again([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600); }));
  if (!fd) return failure(path, "open", errno);
  return fd;
}

Result<Fd> open_directory(const std::string& path) {
  Fd fd(again([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return failure(path, "open", errno);
  return fd;
}

Result<struct stat> status(int fd, const std::string& path) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return failure(path, "stat", errno);
  return info;
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    auto written = again([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (written < 0) return failure(path, "write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync(int fd, const std::string& path) {
  // EINVAL: a file system that knows no fsync of directories.
  if (again([&] { return ::fsync(fd); }) != 0 && errno != EINVAL) return failure(path, "fsync", errno);
  return {};
}

Result<void> sync_data(int fd, const std::string& path) {
  if (again([&] { return ::fdatasync(fd); }) != 0) return failure(path, "fdatasync", errno);
  return {};
}

}  // namespace kra::calls
