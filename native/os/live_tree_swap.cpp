// Compare-and-swap by exchanging names (renameat2(2), RENAME_EXCHANGE) under a read lease.
#include <sys/stat.h>

#include <cstdio>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "os/disk_calls.hpp"
#include "os/live_tree_calls.hpp"

namespace kra {

using calls::again;
using calls::failure;
using calls::LeaseState;

namespace {

// How often newer versions of other writers are put back before we give up; each needs a save within microseconds.
constexpr int put_back_limit = 64;

Error changed(const std::string& path) { return {Fault::conflict, cat(printable(path), " is not what it was")}; }

Error cannot(const std::string& path, int number) {
  if (number == EXDEV) return {Fault::refused, cat(printable(path), " lies on another file system")};
  if (number == EISDIR || number == ENOTDIR || number == ENOTEMPTY) return {Fault::refused, cat(printable(path), ": a directory is in the way")};
  if (number == EINVAL || number == ENOSYS || number == EOPNOTSUPP) return {Fault::refused, cat(printable(path), ": this file system cannot exchange files")};
  return failure(path, "rename", number);
}

int rename_flags(int from, const std::string& name, int to, const std::string& other, unsigned flags) {
  return again([&] { return ::renameat2(from, name.c_str(), to, other.c_str(), flags); }) == 0 ? 0 : errno;
}

// Before another thread can be in the way of it: reading it changes it for a moment.
std::uint32_t current_umask() {
  static const std::uint32_t mask = [] {
    const auto now = ::umask(022);
    ::umask(now);
    return static_cast<std::uint32_t>(now);
  }();
  return mask;
}

std::uint32_t permissions_for(const WantedFile& wanted, const FileLook& there) {
  if (wanted.permissions) return *wanted.permissions;
  if (there.kind != FileKind::file) return (wanted.executable ? 0777U : 0666U) & ~current_umask();
  const auto without = there.permissions & ~0111U;
  return !wanted.executable ? without : there.executable() ? there.permissions : without | ((without & 0444U) >> 2);
}

}  // namespace

// Until it is whole it has a name that no settling takes for bytes of anybody's.
Result<void> LiveTree::write_slot(const std::string& slot, const WantedFile& wanted, std::uint32_t permissions, const std::string& path) const {
  if (wanted.link) {
    if (again([&] { return ::symlinkat(std::string(wanted.bytes).c_str(), slots_fd_.get(), slot.c_str()); }) != 0) return failure(path, "make a link", errno);
    return {};
  }
  const auto unfinished = cat(slot, unfinished_slot);
  auto written = write_whole(unfinished, wanted.bytes, permissions, path);
  if (written && again([&] { return ::renameat(slots_fd_.get(), unfinished.c_str(), slots_fd_.get(), slot.c_str()); }) != 0) written = failure(path, "rename", errno);
  if (!written) ::unlinkat(slots_fd_.get(), unfinished.c_str(), 0);
  return written;
}

Result<void> LiveTree::write_whole(const std::string& name, std::string_view bytes, std::uint32_t permissions, const std::string& path) const {
  Fd fd(again([&] { return ::openat(slots_fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); }));
  if (!fd) return failure(path, "write beside it", errno);
  TRY(calls::write_all(fd.get(), bytes, path));
  if (::fchmod(fd.get(), permissions) != 0) return failure(path, "set the mode", errno);
  return calls::sync(fd.get(), path);
}

Result<void> LiveTree::drop_unfinished(const std::string& slot) const {
  if (again([&] { return ::unlinkat(slots_fd_.get(), slot.c_str(), 0); }) != 0 && errno != ENOENT) return failure(slot, "remove", errno);
  return {};
}

// The slot's file takes the name, unless something has it.
Result<void> LiveTree::put_new(const Place& place, const std::string& slot, const std::string& path) const {
  const int number = rename_flags(slots_fd_.get(), slot, place.directory.get(), place.name, RENAME_NOREPLACE);
  if (number == 0) return calls::sync(place.directory.get(), path);
  // Never visible, so nobody can have it open.
  ::unlinkat(slots_fd_.get(), slot.c_str(), 0);
  return number == EEXIST ? changed(path) : cannot(path, number);
}

// Whoever has no hard links goes without.
void LiveTree::keep_before_put_back(const std::string& slot, int round) const {
  const auto name = cat(slot, ".", round, put_back_slot, wall_now().ms);
  (void)again([&] { return ::linkat(slots_fd_.get(), slot.c_str(), slots_fd_.get(), name.c_str(), 0); });
}

std::uint32_t LiveTree::names_of_ours(const FileLook& look) const {
  std::uint32_t count = 0;
  const auto names = slots();
  if (!names) return 0;
  for (const auto& name : *names)
    if (name.find(put_back_slot) != std::string::npos)
      if (const auto each = calls::look_at(slots_fd_.get(), name, name); each && each->inode == look.inode && each->device == look.device) ++count;
  return count;
}

// The slot's file takes the place of the known one, which goes to the slot. When what comes out is not the known one, or somebody waits to write
// into it, it is put back. A writer that renames over the name meanwhile has an even newer version: that one stays.
Result<void> LiveTree::exchange(const Place& place, const FileLook& known, int lease, const std::string& slot, const std::string& path) const {
  const auto swap = [&] { return rename_flags(slots_fd_.get(), slot, place.directory.get(), place.name, RENAME_EXCHANGE); };
  auto inside = TRY(calls::look_at(slots_fd_.get(), slot, slot));
  if (const int number = swap(); number != 0) {
    ::unlinkat(slots_fd_.get(), slot.c_str(), 0);
    return number == ENOENT ? changed(path) : cannot(path, number);
  }
  auto out = TRY(calls::look_at(slots_fd_.get(), slot, slot));
  const auto lease_now = lease < 0 ? LeaseState::none : calls::lease_state(lease, LeaseState::held);
  if (calls::same_file(out, known) && lease_now != LeaseState::broken) return calls::sync(place.directory.get(), path);
  for (int round = 0; round < put_back_limit; ++round) {
    keep_before_put_back(slot, round);
    if (const int number = swap(); number == ENOENT) {
      // Deleted meanwhile: what came out is newer than nothing only for whoever reads the slot.
      return changed(path);
    } else if (number != 0) {
      return cannot(path, number);
    }
    const auto handed = TRY(calls::look_at(slots_fd_.get(), slot, slot));
    if (handed.inode == inside.inode && handed.device == inside.device) return changed(path);
    inside = out;
    out = handed;
  }
  return changed(path);
}

Result<void> LiveTree::put(const std::string& path, const WantedFile& wanted, const std::optional<FileContent>& known, const std::string& slot) const {
  auto place = TRY(place_of(path));
  if (!known) {
    const auto there = TRY(calls::look_at(place.directory.get(), place.name, path));
    if (there.kind == FileKind::directory) return cannot(path, EISDIR);
    if (there.kind != FileKind::none) return changed(path);
    TRY(write_slot(slot, wanted, permissions_for(wanted, {}), path));
    return put_new(place, slot, path);
  }
  auto held = calls::hold_file(place.directory.get(), place.name, 1ULL << 40, path);
  if (!held) return held.error().fault == Fault::not_found ? changed(path) : std::move(held.error());
  if (held->content.link != known->link || held->content.bytes != known->bytes) return changed(path);
  const auto permissions = permissions_for(wanted, held->content.look);
  if (!wanted.link && !known->link && wanted.bytes == known->bytes) {
    if (permissions == held->content.look.permissions || ::fchmod(held->fd.get(), permissions) == 0) return {};
    return failure(path, "set the mode", errno);
  }
  if (held->content.look.links > 1 && held->content.look.links > 1 + names_of_ours(held->content.look)) return Error{Fault::refused, cat(printable(path), " has several names (hard links)")};
  // From here to the exchange the lease is not needed: it is taken again, so that no writer waits for our fsync.
  const auto before = held->content.look;
  held->fd.reset();
  TRY(write_slot(slot, wanted, permissions, path));
  auto again_held = calls::hold_file(place.directory.get(), place.name, 1ULL << 40, path);
  const bool same = again_held && calls::same_file(again_held->content.look, before) && again_held->content.bytes == known->bytes;
  if (!same) {
    ::unlinkat(slots_fd_.get(), slot.c_str(), 0);
    if (!again_held && again_held.error().fault != Fault::not_found) return std::move(again_held.error());
    return changed(path);
  }
  return exchange(place, again_held->content.look, again_held->lease == LeaseState::held ? again_held->fd.get() : -1, slot, path);
}

Result<void> LiveTree::remove(const std::string& path, const FileContent& known, const std::string& slot) const {
  auto place = TRY(place_of(path));
  auto held = calls::hold_file(place.directory.get(), place.name, 1ULL << 40, path);
  if (!held) return held.error().fault == Fault::not_found ? changed(path) : std::move(held.error());
  if (held->content.link != known.link || held->content.bytes != known.bytes) return changed(path);
  if (const int number = rename_flags(place.directory.get(), place.name, slots_fd_.get(), slot, RENAME_NOREPLACE); number != 0)
    return number == ENOENT ? changed(path) : cannot(path, number);
  const auto out = TRY(calls::look_at(slots_fd_.get(), slot, slot));
  const auto lease = held->lease == LeaseState::held ? calls::lease_state(held->fd.get(), held->lease) : LeaseState::none;
  if (calls::same_file(out, held->content.look) && lease != LeaseState::broken) return calls::sync(place.directory.get(), path);
  // When the name is taken again, that version is newer; the slot keeps this one.
  rename_flags(slots_fd_.get(), slot, place.directory.get(), place.name, RENAME_NOREPLACE);
  return changed(path);
}

Result<void> LiveTree::set_permissions(const std::string& path, std::uint32_t permissions) const {
  auto place = TRY(place_of(path));
  Fd fd(again([&] { return ::openat(place.directory.get(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  if (!fd) return failure(path, "open", errno);
  if (::fchmod(fd.get(), permissions) != 0) return failure(path, "set the mode", errno);
  return {};
}

Result<void> LiveTree::make_directory(const std::string& path) const {
  if (path.empty()) return {};
  auto place = place_of(path);
  if (!place && place.error().fault == Fault::not_found && path.find('/') != std::string::npos) {
    TRY(make_directory(path.substr(0, path.rfind('/'))));
    place = place_of(path);
  }
  if (!place) return std::move(place.error());
  if (again([&] { return ::mkdirat(place->directory.get(), place->name.c_str(), 0777); }) == 0) return {};
  const int number = errno;
  const auto there = TRY(calls::look_at(place->directory.get(), place->name, path));
  if (there.kind == FileKind::directory) return {};
  return number == EEXIST ? Error{Fault::refused, cat(printable(path), ": a file is in the way of a directory")} : failure(path, "make the directory", number);
}

Result<bool> LiveTree::remove_directory(const std::string& path) const {
  auto place = place_of(path);
  if (!place) return place.error().fault == Fault::not_found ? Result<bool>(true) : std::move(place.error());
  if (again([&] { return ::unlinkat(place->directory.get(), place->name.c_str(), AT_REMOVEDIR); }) == 0 || errno == ENOENT) return true;
  if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR || errno == EBUSY) return false;
  return failure(path, "remove the directory", errno);
}

Result<void> LiveTree::give_back(const std::string& slot, const std::string& path) const {
  auto place = TRY(place_of(path));
  const int number = rename_flags(slots_fd_.get(), slot, place.directory.get(), place.name, RENAME_NOREPLACE);
  if (number == 0) return calls::sync(place.directory.get(), path);
  return number == EEXIST ? changed(path) : cannot(path, number);
}

Result<void> LiveTree::drop_slot(const std::string& slot, const FileContent& known) const {
  auto held = TRY(calls::hold_file(slots_fd_.get(), slot, 1ULL << 40, slot));
  if (held.content.link != known.link || held.content.bytes != known.bytes) return changed(slot);
  if (again([&] { return ::unlinkat(slots_fd_.get(), slot.c_str(), 0); }) != 0) return failure(slot, "remove", errno);
  return {};
}

}  // namespace kra
