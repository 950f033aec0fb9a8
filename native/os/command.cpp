#include "os/command.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "os/spawn.hpp"

namespace kra {
namespace {

constexpr std::size_t errors_limit = 64U << 10;
constexpr int look_again_ms = 100;  // how late a stop is noticed

Error trouble(const std::string& attempt, int number) { return Error{Fault::io, cat(attempt, ": ", std::strerror(number))}; }

// A running child with our ends of its streams. Killed with its group and reaped when it is still there at the end.
class Child {
 public:
  explicit Child(Spawned started) : pid_(started.pid), in_(std::move(started.in)), out_(std::move(started.out)), err_(std::move(started.err)) {
#ifdef SYS_pidfd_open
    handle_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
#endif
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      reap(pid_);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result<Outcome> finish(const Command& command, const Patience& patience) {
    input_ = command.input;
    while (!ended_ && (out_ || err_ || handle_)) {
      // One that has ended meanwhile was not late.
      TRY(turn(command, patience));
      if (!ended_ && (out_ || err_ || handle_) && patience.over()) return Error{Fault::timed_out, cat(command.argv.front(), " took too long")};
    }
    outcome_.status = reap(std::exchange(pid_, 0));
    return std::move(outcome_);
  }

 private:
  Result<void> turn(const Command& command, const Patience& patience) {
    std::array<pollfd, 4> set{{{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {in_.get(), POLLOUT, 0}, {handle_.get(), POLLIN, 0}}};
    if (::poll(set.data(), set.size(), std::max(1, patience.left_ms(look_again_ms))) < 0) {
      if (errno == EINTR) return {};
      return trouble("poll", errno);
    }
    if (set[2].revents != 0) {
      input_ = feed(in_, input_);
      if (input_.empty()) in_.reset();
    }
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

  pid_t pid_;
  Fd in_, out_, err_, handle_;
  std::string_view input_;
  Outcome outcome_;
  bool ended_ = false;
};

}  // namespace

Result<Outcome> run(const Command& command, const Patience& patience, const std::function<void()>& meanwhile) {
  auto started = TRY(spawn(command, !command.input.empty()));
  Child child(std::move(started));
  if (meanwhile) meanwhile();
  return child.finish(command, patience);
}

}  // namespace kra
