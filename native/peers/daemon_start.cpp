#include "peers/daemon_start.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/fd.hpp"
#include "base/text.hpp"

extern char** environ;

namespace kra {

static bool belongs_to_one_pane(std::string_view entry) {
  static constexpr std::array<std::string_view, 11> names = {"TMUX",    "TMUX_PANE",   "NVIM",      "NVIM_LISTEN_ADDRESS", "VIM",      "VIMRUNTIME",
                                                               "MYVIMRC", "KRA_RESTORE", "KRA_SHELL", "KRA_EDITOR",          "KRA_GENERATION"};
  auto name = entry.substr(0, entry.find('='));
  return name.starts_with("LD_") || name.starts_with("KRA_SERVER_") || std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> daemon_environment() {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry; ++entry)
    if (!belongs_to_one_pane(*entry)) kept.emplace_back(*entry);
  return kept;
}

bool program_is_replaced() {
  char path[4096];
  auto length = ::readlink("/proc/self/exe", path, sizeof path);
  std::string_view name(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return name.ends_with(" (deleted)");
}

static std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: system calls only.
[[noreturn]] static void become_daemon(int lock, int ready, char** argv, char** environment) {
  // A second fork, so that the daemon is nobody's child and its starter need not wait for it.
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  int lock_high = ::fcntl(lock, F_DUPFD, 16), ready_high = ::fcntl(ready, F_DUPFD, 16);
  int nothing = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(nothing, fd);
  ::dup2(lock_high, handed_lock_fd);
  ::dup2(ready_high, handed_ready_fd);
  ::close(lock_high);
  ::close(ready_high);
  ::execve("/proc/self/exe", argv, environment);
  ::_exit(127);
}

static Result<void> await_ready(int fd, const Patience& patience) {
  for (;;) {
    char got;
    auto count = ::read(fd, &got, 1);
    if (count == 1) return {};
    if (count == 0) return Error{Fault::unavailable, "the daemon could not start (`kra daemon run` says why)"};
    if (errno != EINTR && errno != EAGAIN) return Error{Fault::io, cat("pipe: ", std::strerror(errno))};
    if (patience.over()) return Error{Fault::unavailable, "the daemon did not start in time"};
    pollfd wanted{fd, POLLIN, 0};
    ::poll(&wanted, 1, patience.left_ms(20));
  }
}

Result<void> start_daemon(Lock lock, const Patience& patience) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return Error{Fault::io, cat("pipe: ", std::strerror(errno))};
  Fd ours(ends[0]), theirs(ends[1]);
  std::vector<std::string> words{"kra", "daemon", "run", handed_flag};
  auto environment = daemon_environment();
  auto argv = pointers_to(words), envp = pointers_to(environment);
  auto child = ::fork();
  if (child < 0) return Error{Fault::unavailable, cat("fork: ", std::strerror(errno))};
  if (child == 0) become_daemon(lock.fd(), theirs.get(), argv.data(), envp.data());
  theirs.reset();
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return await_ready(ours.get(), patience);
}

}  // namespace kra
