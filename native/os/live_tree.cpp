#include "os/live_tree.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "os/disk_calls.hpp"
#include "os/live_tree_calls.hpp"

namespace kra {

using calls::again;
using calls::failure;

namespace calls {

static FileLook look_from(const struct stat& info) {
  const auto ns = [](const timespec& time) { return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec; };
  const auto kind = S_ISREG(info.st_mode) ? FileKind::file : S_ISLNK(info.st_mode) ? FileKind::link : S_ISDIR(info.st_mode) ? FileKind::directory : FileKind::other;
  return {kind, info.st_mode & 07777U, static_cast<std::uint32_t>(info.st_nlink), info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size),
          ns(info.st_mtim), ns(info.st_ctim)};
}

Result<FileLook> look_at(int directory, const std::string& name, const std::string& path) {
  struct stat info;
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return look_from(info);
  if (errno == ENOENT || errno == ENOTDIR) return FileLook{};
  return failure(path, "stat", errno);
}

FileLook look_of(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 ? look_from(info) : FileLook{};
}

bool same_file(const FileLook& left, const FileLook& right) {
  return left.kind == right.kind && left.device == right.device && left.inode == right.inode && left.size == right.size && left.modified_ns == right.modified_ns;
}

Result<LeaseState> take_lease(int fd, const std::string& path) {
#ifdef F_SETLEASE
  // SIGURG instead of SIGIO: nobody who does not ask for it dies of it.
  ::fcntl(fd, F_SETSIG, SIGURG);
  if (again([&] { return ::fcntl(fd, F_SETLEASE, F_RDLCK); }) == 0) return LeaseState::held;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return Error{Fault::busy, cat(printable(path), " is open for writing")};
#endif
  return LeaseState::none;
}

LeaseState lease_state(int fd, LeaseState taken) {
#ifdef F_SETLEASE
  if (taken == LeaseState::held && ::fcntl(fd, F_GETLEASE) != F_RDLCK) return LeaseState::broken;
#endif
  return taken;
}

static Result<FileContent> read_link(int directory, const std::string& name, const FileLook& look, const std::string& path) {
  std::string target(look.size + 1, '\0');
  const auto length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (length < 0) return failure(path, "read the link", errno);
  if (static_cast<std::size_t>(length) >= target.size()) return Error{Fault::busy, cat(printable(path), " changed while it was read")};
  target.resize(static_cast<std::size_t>(length));
  return FileContent{true, std::move(target), look};
}

static Result<std::string> read_bytes(int fd, std::uint64_t size, const std::string& path) {
  std::string bytes(size + 1, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = again([&] { return ::read(fd, bytes.data() + filled, bytes.size() - filled); });
    if (got < 0) return failure(path, "read", errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<Held> hold_file(int directory, const std::string& name, std::uint64_t limit, const std::string& path) {
  const auto look = TRY(look_at(directory, name, path));
  if (look.kind == FileKind::none) return Error{Fault::not_found, cat(printable(path), " is not there")};
  if (look.kind == FileKind::link) return Held{TRY(read_link(directory, name, look, path)), Fd(), LeaseState::none};
  if (look.kind != FileKind::file) return Error{Fault::refused, cat(printable(path), " is neither a file nor a link")};
  if (look.size > limit) return Error{Fault::refused, cat(printable(path), " has more than ", limit, " bytes")};
  Held held;
  held.fd.reset(again([&] { return ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  if (!held.fd) return failure(path, "open", errno);
  held.lease = TRY(take_lease(held.fd.get(), path));
  held.content.look = look_of(held.fd.get());
  held.content.bytes = TRY(read_bytes(held.fd.get(), held.content.look.size, path));
  const bool whole = held.content.bytes.size() == held.content.look.size && look_of(held.fd.get()) == held.content.look;
  if (!whole || lease_state(held.fd.get(), held.lease) == LeaseState::broken) return Error{Fault::busy, cat(printable(path), " changed while it was read")};
  return held;
}

Result<FileContent> read_stable(int directory, const std::string& name, std::uint64_t limit, const std::string& path) {
  auto held = TRY(hold_file(directory, name, limit, path));
  return std::move(held.content);
}

// Tries again while a writer is at it.
template <class Read>
Result<FileContent> with_patience(Read read, const Patience& patience) {
  for (int pause_ms = 1;; pause_ms = std::min(pause_ms * 2, 20)) {
    auto content = read();
    if (content || content.error().fault != Fault::busy || patience.over()) return content;
    std::this_thread::sleep_for(Milliseconds(std::max(1, patience.left_ms(pause_ms))));
  }
}

}  // namespace calls

Result<LiveTree> LiveTree::open(const std::string& root, const std::string& slots) {
  auto root_fd = TRY(calls::open_directory(root));
  auto slots_fd = TRY(calls::open_directory(slots));
  return LiveTree(root, std::move(root_fd), std::move(slots_fd));
}

static Fd open_below(int root, const std::string& directory) {
#ifdef SYS_openat2
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = again([&] { return ::syscall(SYS_openat2, root, directory.empty() ? "." : directory.c_str(), &how, sizeof how); });
  if (fd >= 0 || errno != ENOSYS) return Fd(static_cast<int>(fd));
#endif
  Fd at(again([&] { return ::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  for (const auto part : split(directory, "/")) {
    if (!at || part.empty()) break;
    if (part == "..") return errno = EXDEV, Fd();
    at = Fd(again([&] { return ::openat(at.get(), std::string(part).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  }
  return at;
}

Result<LiveTree::Place> LiveTree::place_of(const std::string& path) const {
  const auto slash = path.rfind('/');
  Place place{open_below(root_fd_.get(), slash == std::string::npos ? "" : path.substr(0, slash)), path.substr(slash + 1)};
  if (place.name.empty() || place.name == "." || place.name == "..") return Error{Fault::refused, cat(printable(path), " is no name of a file")};
  if (!place.directory && errno == ELOOP) return Error{Fault::not_found, cat(printable(path), " lies behind a link")};
  if (!place.directory) return failure(path, "open the directory", errno);
  return place;
}

Result<FileLook> LiveTree::look(const std::string& path) const {
  auto place = place_of(path);
  if (!place) return place.error().fault == Fault::not_found ? Result<FileLook>(FileLook{}) : std::move(place.error());
  return calls::look_at(place->directory.get(), place->name, path);
}

Result<FileContent> LiveTree::read(const std::string& path, std::uint64_t limit, const Patience& patience) const {
  auto place = TRY(place_of(path));
  return calls::with_patience([&] { return calls::read_stable(place.directory.get(), place.name, limit, path); }, patience);
}

Result<FileContent> LiveTree::read_slot(const std::string& slot, const Patience& patience) const {
  return calls::with_patience([&] { return calls::read_stable(slots_fd_.get(), slot, 1ULL << 40, slot); }, patience);
}

struct CloseListing {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

static Result<std::vector<LiveTree::Name>> names_of(Fd fd, const std::string& path) {
  std::unique_ptr<DIR, CloseListing> listing(::fdopendir(fd.get()));
  if (!listing) return failure(path, "list", errno);
  (void)fd.release();
  std::vector<LiveTree::Name> names;
  errno = 0;
  while (const auto* entry = ::readdir(listing.get())) {
    LiveTree::Name name{entry->d_name, entry->d_type == DT_DIR};
    if (name.name == "." || name.name == "..") continue;
    struct stat info;
    if (entry->d_type == DT_UNKNOWN && ::fstatat(::dirfd(listing.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0) name.directory = S_ISDIR(info.st_mode);
    names.push_back(std::move(name));
    errno = 0;
  }
  if (errno != 0) return failure(path, "list", errno);
  std::sort(names.begin(), names.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
  return names;
}

Result<std::vector<LiveTree::Name>> LiveTree::list(const std::string& directory) const {
  Fd fd = open_below(root_fd_.get(), directory);
  if (!fd) return failure(directory, "open", errno);
  return names_of(std::move(fd), directory);
}

Result<std::vector<std::string>> LiveTree::slots() const {
  Fd fd = open_below(slots_fd_.get(), "");
  if (!fd) return failure("slots", "open", errno);
  std::vector<std::string> names;
  for (auto& entry : TRY(names_of(std::move(fd), "slots"))) names.push_back(std::move(entry.name));
  return names;
}

}  // namespace kra
