// System calls on files as Results, repeated after EINTR. For os/, and for peers/git_*, where git says how its files are written.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace kra::calls {

// The Error of `number` (an errno) at `path`.
Error failure(const std::string& path, const char* doing, int number);

template <class Call>
auto again(Call call) {
  auto outcome = call();
  while (outcome < 0 && errno == EINTR) outcome = call();
  return outcome;
}

// With O_CLOEXEC and O_NOFOLLOW added; mode 0600 for a new file.
Result<Fd> open_file(const std::string& path, int flags);
Result<Fd> open_directory(const std::string& path);
Result<struct stat> status(int fd, const std::string& path);
Result<void> write_all(int fd, std::string_view bytes, const std::string& path);
// fsync; of a directory on a file system that cannot, nothing. After an Error this descriptor must not be synced again: the kernel
// reports a lost page once, and a second fsync would lie.
Result<void> sync(int fd, const std::string& path);
Result<void> sync_data(int fd, const std::string& path);

}  // namespace kra::calls
