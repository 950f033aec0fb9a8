// How programs are started: see os/command.hpp for what each of them gets.
#include "os/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

extern char** environ;

namespace kra {
namespace {

Error trouble(const std::string& attempt, int number) { return Error{Fault::io, cat(attempt, ": ", std::strerror(number))}; }

struct Pipe {
  Fd ours, theirs;
};

Result<Pipe> output_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return trouble("pipe", errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
#ifdef F_SETPIPE_SZ
  // A large answer then needs few turns of both sides.
  ::fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
#endif
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// A socket, since writing to a pipe that nobody reads would raise SIGPIPE here.
Result<Pipe> input_pipe(bool used) {
  if (!used) {
    Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return trouble("/dev/null", errno);
    return Pipe{Fd(), std::move(null)};
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return trouble("socketpair", errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::vector<char*> environment_for(const Command& command) {
  std::vector<char*> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const auto name = name_of(*entry);
    const auto same = [&](const std::string& other) { return name_of(other) == name; };
    if (std::any_of(command.unset.begin(), command.unset.end(), same)) continue;
    if (std::any_of(command.environment.begin(), command.environment.end(), same)) continue;
    entries.push_back(*entry);
  }
  for (const auto& entry : command.environment) entries.push_back(const_cast<char*>(entry.c_str()));
  entries.push_back(nullptr);
  return entries;
}

class Actions {
 public:
  Actions() { ::posix_spawn_file_actions_init(&actions_), ::posix_spawnattr_init(&attributes_); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_), ::posix_spawnattr_destroy(&attributes_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  void prepare(const Command& command, int in, int out, int err) {
    ::posix_spawn_file_actions_adddup2(&actions_, in, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out, 1);
    ::posix_spawn_file_actions_adddup2(&actions_, err, 2);
    if (command.guard >= 0) ::posix_spawn_file_actions_adddup2(&actions_, command.guard, 3);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, command.guard >= 0 ? 4 : 3);
#endif
    if (!command.directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions_, command.directory.c_str());
    sigset_t all, none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<Spawned> spawn(const Command& command, bool talks) {
  auto in = TRY(input_pipe(talks));
  auto out = TRY(output_pipe());
  auto err = TRY(output_pipe());
  Actions actions;
  actions.prepare(command, in.theirs.get(), out.theirs.get(), err.theirs.get());
  std::vector<char*> argv;
  for (const auto& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  auto environment = environment_for(command);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], actions.actions(), actions.attributes(), argv.data(), environment.data());
  if (error == ENOENT || error == ENOTDIR) return Error{Fault::not_found, cat(command.argv.front(), ": no such program or directory")};
  if (error != 0) return trouble(command.argv.front(), error);
  return Spawned{pid, std::move(in.ours), std::move(out.ours), std::move(err.ours)};
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<void> drain(Fd& from, std::string& into, std::size_t limit) {
  constexpr std::size_t step = 256U << 10;
  while (true) {
    const auto before = into.size();
    into.resize(before + step);
    const auto got = ::read(from.get(), into.data() + before, step);
    const int error = errno;
    into.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return from.reset(), Result<void>{};
    if (got < 0 && error == EAGAIN) return {};
    if (got < 0 && error != EINTR) return trouble("read", error);
    if (into.size() > limit) return {};
  }
}

std::string_view feed(Fd& to, std::string_view bytes) {
  const auto sent = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  const bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
  if (!broken) return bytes;
  to.reset();
  return {};
}

}  // namespace kra
