#include "os/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/text.hpp"

namespace kra {

static Result<Fd> open_lock(const std::string& path) {
  int opened = -1;
  do opened = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  while (opened < 0 && errno == EINTR);
  Fd fd(opened);
  if (!fd) return Error{Fault::io, cat(path, ": ", std::strerror(errno))};
  return fd;
}

static std::string holder_of(int fd) {
  char text[64];
  auto length = ::pread(fd, text, sizeof text, 0);
  return length > 0 ? printable({text, static_cast<std::size_t>(length)}) : "another process";
}

static void write_holder(int fd) {
  auto text = cat("process ", static_cast<long>(::getpid()));
  // For messages only: a lock that cannot say who holds it is still held.
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, text.data(), text.size(), 0);
}

static bool lock_now(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    if (errno != EINTR) return false;
  write_holder(fd);
  return true;
}

Result<std::optional<Lock>> Lock::try_take(const std::string& path) {
  Fd fd = TRY(open_lock(path));
  if (lock_now(fd.get())) return std::optional<Lock>(Lock(std::move(fd)));
  if (errno == EWOULDBLOCK) return std::optional<Lock>();
  return Error{Fault::io, cat(path, ": ", std::strerror(errno))};
}

Result<Lock> Lock::share(const std::string& path, const Patience& patience) {
  Fd fd = TRY(open_lock(path));
  for (int pause_ms = 1; ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0; pause_ms = std::min(pause_ms * 2, 50)) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Error{Fault::io, cat(path, ": ", std::strerror(errno))};
    if (patience.over()) return Error{Fault::busy, cat(path, " is held by ", holder_of(fd.get()))};
    std::this_thread::sleep_for(Milliseconds(patience.left_ms(pause_ms)));
  }
  return Lock(std::move(fd));
}

void Lock::rest() {
  static std::atomic<std::uint64_t> rests = 0;
  mark_ = cat("nobody, after process ", static_cast<long>(::getpid()), " for the ", ++rests, ". time since ", Clock::now().time_since_epoch().count());
  if (::ftruncate(fd_.get(), 0) == 0) (void)!::pwrite(fd_.get(), mark_.data(), mark_.size(), 0);
  ::flock(fd_.get(), LOCK_UN);
}

Result<bool> Lock::wake(const Patience& patience) {
  for (int pause_ms = 1; ::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0; pause_ms = std::min(pause_ms * 2, 50)) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Error{Fault::io, cat("lock: ", std::strerror(errno))};
    if (patience.over()) return Error{Fault::busy, cat("the lock is held by ", holder_of(fd_.get()))};
    std::this_thread::sleep_for(Milliseconds(patience.left_ms(pause_ms)));
  }
  std::string text(mark_.size() + 1, '\0');
  const auto length = ::pread(fd_.get(), text.data(), text.size(), 0);
  const bool alone = length >= 0 && text.substr(0, static_cast<std::size_t>(length)) == mark_;
  write_holder(fd_.get());
  return alone;
}

Result<Lock> Lock::take(const std::string& path, const Patience& patience) {
  Fd fd = TRY(open_lock(path));
  for (int pause_ms = 1; !lock_now(fd.get()); pause_ms = std::min(pause_ms * 2, 50)) {
    if (errno != EWOULDBLOCK) return Error{Fault::io, cat(path, ": ", std::strerror(errno))};
    if (patience.over()) return Error{Fault::busy, cat(path, " is held by ", holder_of(fd.get()))};
    std::this_thread::sleep_for(Milliseconds(patience.left_ms(pause_ms)));
  }
  return Lock(std::move(fd));
}

}  // namespace kra
