// Writing so that a crash, a full disk or a power cut at any moment leaves the old file or the new one, never a part.
#include <sys/random.h>

#include <cstdio>
#include <random>

#include "base/text.hpp"
#include "os/disk.hpp"
#include "os/disk_calls.hpp"

namespace kra {

using calls::again;
using calls::failure;

namespace {

std::string temporary_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) number = std::random_device()();
  return cat(temporary_prefix, hex(number, 16));
}

// The file system, or its kernel, does not know the call.
bool is_unsupported(int number) { return number == EPERM || number == EOPNOTSUPP || number == ENOSYS || number == EINVAL; }

// A new file beside its target, complete and synced; taken away again unless it was given its name.
class Temporary {
 public:
  static Result<Temporary> make(const std::string& target, std::string_view bytes, bool durable = true) {
    Temporary file(target);
    file.directory_ = TRY(calls::open_directory(directory_part(target)));
    TRY(file.open());
    TRY(calls::write_all(file.fd_.get(), bytes, target));
    if (durable) TRY(calls::sync(file.fd_.get(), target));
    file.fd_.reset();
    return file;
  }
  Temporary(Temporary&& other) noexcept
      : target_(std::move(other.target_)), name_(std::exchange(other.name_, {})), directory_(std::move(other.directory_)), fd_(std::move(other.fd_)) {}
  Temporary& operator=(Temporary&&) = delete;
  ~Temporary() {
    if (!name_.empty()) remove(name_);
  }

  Result<void> take_place_of_target(bool durable = true) {
    struct stat old;
    auto base = name_part(target_);
    if (::fstatat(directory_.get(), base.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(old.st_mode))
      return Error{Fault::refused, cat(printable(target_), " is a symbolic link")};
    if (again([&] { return ::renameat(directory_.get(), name_.c_str(), directory_.get(), base.c_str()); }) != 0)
      return failure(target_, "rename", errno);
    name_.clear();
    return durable ? calls::sync(directory_.get(), directory_part(target_)) : Result<void>{};
  }

  Result<void> become_target() {
    auto base = name_part(target_);
    if (int number = link_as(base); number == 0) {
      // A second name that cannot be taken away is found by its prefix later; the file itself is complete.
      remove(name_);
    } else if (!is_unsupported(number)) {
      return failure(target_, "link", number);
    } else if (number = rename_as(base); number != 0) {
      return failure(target_, "rename", number);
    }
    name_.clear();
    auto synced = calls::sync(directory_.get(), directory_part(target_));
    if (!synced) remove(base);
    return synced;
  }

 private:
  explicit Temporary(std::string target) : target_(std::move(target)) {}

  int link_as(const std::string& base) {
    return again([&] { return ::linkat(directory_.get(), name_.c_str(), directory_.get(), base.c_str(), 0); }) == 0 ? 0 : errno;
  }

  // Without hard links (vfat, some of FUSE). EEXIST when the name is taken.
  int rename_as(const std::string& base) {
#ifdef RENAME_NOREPLACE
    if (again([&] { return ::renameat2(directory_.get(), name_.c_str(), directory_.get(), base.c_str(), RENAME_NOREPLACE); }) == 0) return 0;
    if (!is_unsupported(errno)) return errno;
#endif
    // Two steps, between which nobody takes the name: writers hold the lock of their directory.
    struct stat taken;
    if (::fstatat(directory_.get(), base.c_str(), &taken, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
    if (errno != ENOENT) return errno;
    return again([&] { return ::renameat(directory_.get(), name_.c_str(), directory_.get(), base.c_str()); }) == 0 ? 0 : errno;
  }

  void remove(const std::string& name) {
    again([&] { return ::unlinkat(directory_.get(), name.c_str(), 0); });
  }

  Result<void> open() {
    auto name = temporary_name();
    fd_.reset(again([&] { return ::openat(directory_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); }));
    if (!fd_) return failure(target_, "open a temporary file", errno);
    name_ = std::move(name);
    return {};
  }

  std::string target_, name_;
  Fd directory_, fd_;
};

}  // namespace

Result<void> SystemDisk::replace(const std::string& path, std::string_view bytes) {
  auto file = TRY(Temporary::make(path, bytes));
  return file.take_place_of_target();
}

Result<void> SystemDisk::replace_lightly(const std::string& path, std::string_view bytes) {
  auto file = TRY(Temporary::make(path, bytes, false));
  return file.take_place_of_target(false);
}

Result<void> SystemDisk::create(const std::string& path, std::string_view bytes) {
  auto file = TRY(Temporary::make(path, bytes));
  return file.become_target();
}

Result<void> SystemDisk::append(const std::string& path, std::string_view bytes, bool durable) {
  auto fd = TRY(calls::open_file(path, O_WRONLY | O_APPEND | O_CREAT));
  auto before = TRY(calls::status(fd.get(), path));
  // An empty file may be one whose maker was killed before the directory was synced.
  if (durable && before.st_size == 0) TRY(sync_directory(directory_part(path)));
  auto written = calls::write_all(fd.get(), bytes, path);
  if (written && durable) written = calls::sync_data(fd.get(), path);
  // A torn record in the middle would hide all that follow it.
  if (!written) (void)!::ftruncate(fd.get(), before.st_size);
  return written;
}

Result<void> SystemDisk::truncate(const std::string& path, std::uint64_t size) {
  auto fd = TRY(calls::open_file(path, O_WRONLY));
  if (again([&] { return ::ftruncate(fd.get(), static_cast<off_t>(size)); }) != 0) return failure(path, "truncate", errno);
  return calls::sync_data(fd.get(), path);
}

Result<void> SystemDisk::rename(const std::string& from, const std::string& to) {
  if (again([&] { return ::rename(from.c_str(), to.c_str()); }) != 0) return failure(from, "rename", errno);
  auto source = directory_part(from), target = directory_part(to);
  TRY(sync_directory(target));
  return source == target ? Result<void>{} : sync_directory(source);
}

Result<void> SystemDisk::sync_directory(const std::string& path) {
  auto fd = calls::open_directory(path);
  // A directory that we may not read holds nothing that we made.
  if (!fd && errno == EACCES) return {};
  if (!fd) return std::move(fd.error());
  return calls::sync(fd->get(), path);
}

}  // namespace kra
