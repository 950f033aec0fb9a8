// Checks of the directory that saves are in.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#if defined(__linux__)
#include <linux/magic.h>
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "cli/checks.hpp"

namespace kra::cli {

// The directory itself, or the nearest one above it that is there.
static std::string existing_directory(std::string path) {
  struct stat info {};
  while (path.size() > 1 && ::stat(path.c_str(), &info) != 0) path = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  return path;
}

// What the kernel shows of itself; root has the right to write there, and nothing can be made.
static bool is_pseudo(const std::string& directory) {
#if defined(__linux__)
  constexpr long kernels[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC,  CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,  SECURITYFS_MAGIC,
                              DEVPTS_SUPER_MAGIC, BPF_FS_MAGIC, PSTOREFS_MAGIC,     EFIVARFS_MAGIC,      BINFMTFS_MAGIC, SELINUX_MAGIC};
  struct statfs about {};
  return ::statfs(directory.c_str(), &about) == 0 && std::find(std::begin(kernels), std::end(kernels), static_cast<long>(about.f_type)) != std::end(kernels);
#else
  (void)directory;
  return false;
#endif
}

std::optional<std::string> cannot_write(const std::string& path) {
  auto directory = existing_directory(path);
  if (::access(directory.c_str(), W_OK | X_OK) != 0) return std::strerror(errno);
  if (is_pseudo(directory)) return cat(directory, " is a view of the kernel, no place for files");
#if defined(O_TMPFILE)
  // A file without a name is made and gone: a quota and a file system full of inodes show only so. Not every file system has such.
  Fd file(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file && (errno == EROFS || errno == ENOSPC || errno == EDQUOT || errno == EACCES || errno == EPERM)) return std::strerror(errno);
#endif
  return std::nullopt;
}

Finding check_state(Context& context) {
  auto why = cannot_write(context.paths.state);
  return why ? cat("saves cannot be written to ", context.paths.state, ": ", *why) : Finding();
}

Finding check_state_mode(Context& context) {
  struct stat info {};
  if (::stat(context.paths.state.c_str(), &info) != 0) return std::nullopt;
  if (info.st_uid != ::getuid()) return cat(context.paths.state, " belongs to another user");
  return (info.st_mode & 077) == 0 ? Finding() : cat(context.paths.state, " is open to other users");
}

Finding check_space(Context& context) {
  struct statvfs info {};
  auto directory = existing_directory(context.paths.state);
  if (is_pseudo(directory) || ::statvfs(directory.c_str(), &info) != 0) return std::nullopt;
  auto left = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  return left >= (64U << 20) ? Finding() : cat("only ", size_text(left), " are left for saves in ", directory);
}

}  // namespace kra::cli
