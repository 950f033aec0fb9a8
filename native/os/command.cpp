#include "os/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"

extern char** environ;

namespace kra {
namespace {

constexpr std::size_t errors_limit = 64U << 10;
constexpr int look_again_ms = 100;  // how late a stop is noticed

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

// A running child with our ends of its streams. Killed with its group and reaped when it is still there at the end.
class Child {
 public:
  Child(pid_t pid, Fd in, Fd out, Fd err) : pid_(pid), in_(std::move(in)), out_(std::move(out)), err_(std::move(err)) {
#ifdef SYS_pidfd_open
    handle_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
#endif
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      reap();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result<Outcome> finish(const Command& command, const Patience& patience) {
    input_ = command.input;
    while (!ended_ && (out_ || err_ || handle_)) {
      if (patience.over()) return Error{Fault::timed_out, cat(command.argv.front(), " took too long")};
      TRY(turn(command, patience));
    }
    outcome_.status = reap();
    return std::move(outcome_);
  }

 private:
  Result<void> turn(const Command& command, const Patience& patience) {
    std::array<pollfd, 4> set{{{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {in_.get(), POLLOUT, 0}, {handle_.get(), POLLIN, 0}}};
    if (::poll(set.data(), set.size(), std::max(1, patience.left_ms(look_again_ms))) < 0) {
      if (errno == EINTR) return {};
      return trouble("poll", errno);
    }
    if (set[2].revents != 0) feed();
    // A grandchild may keep the streams open: the end of the child counts, after what it has written.
    ended_ = set[3].revents != 0;
    // poll() looks at one after the other: what came between its looks at the output and at the end is read all the same.
    if (out_ && (ended_ || set[0].revents != 0)) TRY(drain(out_, outcome_.output, command.output_limit));
    if (outcome_.output.size() > command.output_limit) {
      return Error{Fault::refused, cat(command.argv.front(), " printed more than ", command.output_limit, " bytes")};
    }
    if (err_ && (ended_ || set[1].revents != 0)) TRY(drain(err_, outcome_.errors, errors_limit));
    if (outcome_.errors.size() > errors_limit) outcome_.errors.resize(errors_limit);
    return {};
  }

  void feed() {
    const auto sent = ::send(in_.get(), input_.data(), input_.size(), MSG_NOSIGNAL);
    if (sent > 0) input_.remove_prefix(static_cast<std::size_t>(sent));
    const bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || input_.empty()) in_.reset();
  }

  // Reads what is there, up to a little above `limit`.
  static Result<void> drain(Fd& from, std::string& into, std::size_t limit) {
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

  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  pid_t pid_;
  Fd in_, out_, err_, handle_;
  std::string_view input_;
  Outcome outcome_;
  bool ended_ = false;
};

}  // namespace

Result<Outcome> run(const Command& command, const Patience& patience) {
  auto in = TRY(input_pipe(!command.input.empty()));
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
  in.theirs.reset(), out.theirs.reset(), err.theirs.reset();
  Child child(pid, std::move(in.ours), std::move(out.ours), std::move(err.ours));
  return child.finish(command, patience);
}

}  // namespace kra
