#include "os/job.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "base/fd.hpp"
#include "tests/native/catch.hpp"

using namespace kra;

namespace {

// Runs `body` as the leader of a session on a terminal of its own; its status, and what it wrote. `typed` is what a person types.
struct Seen {
  int status = -1;
  std::string screen;
};
Seen on_terminal(const std::string& typed, const std::function<int(const Terminal&)>& body, useconds_t between = 0) {
  int master = -1;
  pid_t pid = ::forkpty(&master, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(body(*Terminal::on(0)));
  Fd terminal(master);
  Seen seen;
  bool answered = false;
  char bytes[4096];
  for (ssize_t count; (count = ::read(master, bytes, sizeof bytes)) > 0;) {
    seen.screen.append(bytes, static_cast<std::size_t>(count));
    if (answered || seen.screen.find('?') == std::string::npos) continue;
    answered = true;
    const auto piece = between == 0 ? typed.size() : 1;
    for (std::size_t i = 0; i < typed.size() && ::write(master, typed.data() + i, piece) > 0; i += piece) ::usleep(between);
  }
  int state = 0;
  ::waitpid(pid, &state, 0);
  seen.status = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
  return seen;
}

}  // namespace

TEST_CASE("a file is no terminal") {
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK_FALSE(Terminal::on(null.get()));
}

TEST_CASE("a question takes one key and restores the modes") {
  auto ask = [](const Terminal& terminal) {
    auto before = terminal.modes();
    auto key = terminal.ask("really?");
    auto after = terminal.modes();
    return key && before.c_lflag == after.c_lflag ? *key : 1;
  };
  CHECK(on_terminal("\r", ask).status == '\n');
  CHECK(on_terminal("x\r", ask).status == 'x');
  CHECK(on_terminal("\x03", ask).status == 3);
}

TEST_CASE("a key that is a sequence is taken whole, however it comes") {
  auto left = [](const Terminal& terminal) {
    if (terminal.ask("really?") != '\033') return 1;
    auto raw = terminal.modes();
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON);
    terminal.set_modes(raw);
    pollfd more{0, POLLIN, 0};
    return ::poll(&more, 1, 100) == 0 ? 0 : 2;
  };
  for (const std::string sequence : {"\033[A", "\033OP", "\033[1;5D", "\033[200~ls\033[201~"}) {
    CHECK(on_terminal(sequence, left).status == 0);
    CHECK(on_terminal(sequence, left, 15'000).status == 0);
  }
}

TEST_CASE("a job has the terminal while it runs, and its end is told") {
  auto run = [](const Terminal& terminal) {
    JobControl control;
    auto job = Job::start({.argv = {"sh", "-c", "echo $0 $WORD $GONE; exit 7"}, .name = "named", .environment = {"WORD=a=b"}, .unset = {"GONE"}}, terminal);
    if (!job || job->wait_until_stopped() || !job->ended()) return 1;
    terminal.give_to(::getpgrp());
    return job->status();
  };
  ::setenv("GONE", "still there", 1);
  auto seen = on_terminal("", run);
  ::unsetenv("GONE");
  CHECK(seen.status == 7);
  CHECK(seen.screen == "named a=b\r\n");
}

TEST_CASE("Ctrl-Z stops the job and not its parent; it goes on when it is told") {
  auto run = [](const Terminal& terminal) {
    JobControl control;
    auto job = Job::start({.argv = {"sh", "-c", "printf '?'; read line; exit 9"}}, terminal);
    if (!job || !job->wait_until_stopped() || job->ended()) return 1;
    terminal.give_to(::getpgrp());
    job->go_on(terminal);
    return job->wait_until_stopped() ? 2 : job->status();
  };
  CHECK(on_terminal("\x1a\n", run).status == 9);
}

TEST_CASE("Ctrl-C ends the job and not its parent") {
  auto run = [](const Terminal& terminal) {
    JobControl control;
    auto job = Job::start({.argv = {"sh", "-c", "printf '?'; exec sleep 60"}}, terminal);
    return !job || job->wait_until_stopped() ? 1 : job->status();
  };
  CHECK(on_terminal("\x03", run).status == 128 + 2);
}

TEST_CASE("a program that cannot be started is told by name") {
  auto run = [](const Terminal& terminal) {
    JobControl control;
    auto job = Job::start({.argv = {"/no/such\nprogram"}}, terminal);
    if (job) return 1;
    return job.error().fault == Fault::not_found && job.error().what == "/no/such\\x0aprogram: not found" ? 0 : 2;
  };
  CHECK(on_terminal("", run).status == 0);
  CHECK(become({}).fault == Fault::not_found);
  CHECK(become({.argv = {"/dev/null"}}).fault == Fault::io);
}
