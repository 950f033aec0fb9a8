#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/text.hpp"
#include "os/watch.hpp"

namespace kra {

namespace {

constexpr std::uint32_t wanted = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |
                                 IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK | IN_DONT_FOLLOW;
constexpr int buffer_limit = 1 << 20;

Error failure(const std::string& directory, int number) {
  auto fault = number == ENOENT || number == ENOTDIR || number == ELOOP ? Fault::not_found
               : number == ENOSPC || number == ENOMEM                   ? Fault::busy
               : number == EACCES || number == EPERM                    ? Fault::refused
                                                                        : Fault::io;
  return {fault, cat("watch ", directory, ": ", std::strerror(number))};
}

DirectoryEvent event_of(const inotify_event& raw) {
  using What = DirectoryEvent::What;
  auto what = raw.mask & IN_Q_OVERFLOW                     ? What::lost
              : raw.mask & IN_IGNORED                      ? What::ended
              : raw.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) ? What::left
              : raw.mask & IN_MOVED_TO                     ? What::moved_in
              : raw.mask & IN_MOVED_FROM                   ? What::moved_out
              : raw.mask & IN_DELETE                       ? What::deleted
              : raw.mask & IN_CREATE                       ? What::created
              : raw.mask & IN_MODIFY                       ? What::touched
                                                           : What::written;
  DirectoryEvent event{what, raw.wd, (raw.mask & IN_ISDIR) != 0, raw.cookie, {}};
  // The name is filled up with zero bytes.
  if (raw.len > 0) event.name.assign(raw.name, ::strnlen(raw.name, raw.len));
  return event;
}

}  // namespace

Result<DirectoryWatch> DirectoryWatch::open() {
  Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (fd) return DirectoryWatch(std::move(fd));
  auto fault = errno == EMFILE || errno == ENFILE || errno == ENOMEM ? Fault::busy : Fault::unavailable;
  return Error{fault, cat("inotify: ", std::strerror(errno))};
}

Result<int> DirectoryWatch::add(const std::string& directory) {
  int watch = ::inotify_add_watch(fd_.get(), directory.c_str(), wanted);
  if (watch < 0) return failure(directory, errno);
  return watch;
}

void DirectoryWatch::remove(int watch) { ::inotify_rm_watch(fd_.get(), watch); }

std::vector<DirectoryEvent> DirectoryWatch::read() {
  std::vector<DirectoryEvent> events;
  int waiting = 0;
  if (::ioctl(fd_.get(), FIONREAD, &waiting) != 0 || waiting <= 0) return events;
  // Only as much memory as there is to read, and room for one event with the longest name.
  auto size = static_cast<std::size_t>(std::clamp(waiting, 4096, buffer_limit));
  std::unique_ptr<char[]> buffer(new char[size]);
  auto got = ::read(fd_.get(), buffer.get(), size);
  for (ssize_t at = 0; at < got;) {
    inotify_event raw;
    std::memcpy(&raw, buffer.get() + at, sizeof raw);
    events.push_back(event_of(*reinterpret_cast<const inotify_event*>(buffer.get() + at)));
    at += static_cast<ssize_t>(sizeof raw + raw.len);
  }
  return events;
}

std::size_t directory_watch_limit() {
  unsigned long limit = 0;
  if (auto* file = std::fopen("/proc/sys/fs/inotify/max_user_watches", "re")) {
    if (std::fscanf(file, "%lu", &limit) != 1) limit = 0;
    std::fclose(file);
  }
  return limit;
}

bool needs_polling(const std::string& directory) {
  // NFS, SMB and CIFS, 9p, FUSE (virtiofs too), Ceph, AFS, Coda: linux/magic.h names most of them.
  constexpr std::array<unsigned long, 8> magics = {0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x00c36400, 0x5346414f};
  struct statfs info {};
  if (::statfs(directory.c_str(), &info) != 0) return false;
  auto type = static_cast<unsigned long>(info.f_type) & 0xffffffffUL;
  return std::find(magics.begin(), magics.end(), type) != magics.end();
}

}  // namespace kra
