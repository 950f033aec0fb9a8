#include "daemon/main.hpp"

#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.hpp"
#include "daemon/daemon.hpp"
#include "os/socket.hpp"
#include "peers/daemon_start.hpp"

namespace kra {

// Everything of the first client's that a process inherits and a daemon must not keep.
static void leave_home(bool handed) {
  auto environment = daemon_environment();
  ::clearenv();
  for (const auto& entry : environment) {
    auto sign = entry.find('=');
    if (sign != std::string::npos) ::setenv(entry.substr(0, sign).c_str(), entry.c_str() + sign + 1, 1);
  }
  ::umask(077);
  if (::chdir("/") != 0) return;
  if (!handed) return;
  ::setsid();
  ::close_range(handed_ready_fd + 1, ~0U, 0);
}

static void prepare_process() {
  // One arena and quick return of free memory: what one save needed is not kept for ever.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 10);
  ::mallopt(M_MMAP_THRESHOLD, 64 << 10);
  // Writing to a client that has gone, or beyond a limit of file size, is an error like others.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

static Result<Lock> take_lock(bool handed, const Paths& paths) {
  if (handed) return Lock::adopt(handed_lock_fd);
  auto lock = TRY(Lock::try_take(paths.daemon_lock()));
  if (!lock) return Error{Fault::busy, "another daemon runs already"};
  return std::move(*lock);
}

static void say_ready(bool handed) {
  if (!handed) return;
  (void)!::write(handed_ready_fd, "1", 1);
  ::close(handed_ready_fd);
}

Result<void> run_daemon(bool handed) {
  leave_home(handed);
  prepare_process();
  auto paths = TRY(find_paths());
  auto lock = TRY(take_lock(handed, paths));
  SystemDisk disk;
  // A home that cannot be written is no reason to stay away: what needs it fails and says so.
  (void)disk.make_directory(paths.state);
  auto journal = EventJournal::open(disk, paths.events_journal(), paths.events_journal_other());
  auto listener = TRY(listen_at(paths.socket(), 1024));
  Daemon daemon(std::move(lock), std::move(listener), std::move(journal), disk, paths, save);
  say_ready(handed);
  daemon.run();
  return {};
}

}  // namespace kra
