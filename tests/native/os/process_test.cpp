#include "os/process.hpp"

#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"

using namespace kra;

namespace {

// A session leader on a terminal of its own, killed at the end.
class OnTerminal {
 public:
  OnTerminal(const std::string& directory, std::vector<std::string> argv) {
    leader = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (leader != 0) return;
    std::vector<char*> words;
    for (auto& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    if (::chdir(directory.c_str()) != 0) ::_exit(1);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  ~OnTerminal() {
    ::kill(-leader, SIGKILL);
    ::close(terminal_);
    ::waitpid(leader, nullptr, 0);
  }
  // What is in front once `wanted` holds of it.
  Foreground wait_for(const std::function<bool(const Foreground&)>& wanted) const {
    Foreground seen;
    for (int i = 0; i < 1000; ++i) {
      if (auto front = foreground_of(leader)) seen = *front;
      if (wanted(seen)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return seen;
  }
  void type(const std::string& text) const { REQUIRE(::write(terminal_, text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
  pid_t leader = 0;

 private:
  int terminal_ = -1;
};

auto runs(const std::string& program) {
  return [program](const Foreground& front) { return !front.argv.empty() && front.argv[0] == program; };
}

}  // namespace

TEST_CASE("the shell of a terminal is in front until it starts something") {
  Scratch scratch;
  OnTerminal terminal(scratch.path(), {"bash", "--norc", "--noprofile", "-i"});
  auto front = terminal.wait_for(runs("bash"));
  CHECK(front.is_leader);
  CHECK(front.pid == terminal.leader);
  CHECK(front.cwd == scratch.path());
  terminal.type("sleep 1000\n");
  front = terminal.wait_for(runs("sleep"));
  CHECK(front.argv == std::vector<std::string>{"sleep", "1000"});
  CHECK_FALSE(front.is_leader);
}

TEST_CASE("what is stopped is not in front, a server of what is in front is") {
  Scratch scratch;
  OnTerminal terminal(scratch.path(), {"bash", "--norc", "--noprofile", "-i"});
  terminal.wait_for(runs("bash"));
  terminal.type("sleep 1000\n");
  const auto stopped = terminal.wait_for(runs("sleep")).pid;
  CHECK(in_foreground(terminal.leader, stopped));
  CHECK_FALSE(in_foreground(terminal.leader, terminal.leader));
  terminal.type("\x1a");
  terminal.wait_for(runs("bash"));
  // Two programs: one that begins a session of its own, and the one that started it.
  terminal.type("sh -c 'setsid sleep 2000 & echo $! >pid; exec tail -f /dev/null'\n");
  const auto front = terminal.wait_for(runs("tail"));
  REQUIRE(front.argv.front() == "tail");
  pid_t server = 0;
  std::ifstream(scratch / "pid") >> server;
  REQUIRE(server > 0);
  for (int i = 0; i < 1000 && ::getsid(server) != server; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(in_foreground(terminal.leader, server));
  CHECK_FALSE(in_foreground(terminal.leader, stopped));
  CHECK_FALSE(in_foreground(terminal.leader, 0x7ffffff0));
  ::kill(server, SIGKILL);
  ::kill(stopped, SIGKILL);
}

TEST_CASE("arguments and directory are exact") {
  Scratch scratch;
  const std::string odd = scratch / "a b\n\xff)";
  std::filesystem::create_directory(odd);
  OnTerminal terminal(odd, {"sh", "-c", "exec tail -f /dev/null \"$@\"", "sh", "", "a  b", "$(id)\n\xff"});
  auto front = terminal.wait_for(runs("tail"));
  CHECK(front.argv == std::vector<std::string>{"tail", "-f", "/dev/null", "", "a  b", "$(id)\n\xff"});
  CHECK(front.cwd == odd);
}

TEST_CASE("a wrapper is followed to its only child") {
  Scratch scratch;
  OnTerminal terminal(scratch.path(), {"sh", "-c", "sleep 1000; true"});
  auto front = terminal.wait_for(runs("sleep"));
  CHECK(front.argv == std::vector<std::string>{"sleep", "1000"});
  CHECK_FALSE(front.is_leader);
}

TEST_CASE("a removed directory keeps its name") {
  Scratch scratch;
  std::filesystem::create_directory(scratch / "gone");
  OnTerminal terminal(scratch / "gone", {"sleep", "1000"});
  terminal.wait_for(runs("sleep"));
  std::filesystem::remove(scratch / "gone");
  CHECK(foreground_of(terminal.leader)->cwd == scratch / "gone");
}

TEST_CASE("a process that is not there") {
  CHECK(foreground_of(0x7ffffff0).error().fault == Fault::not_found);
  CHECK_FALSE(environment_of(0x7ffffff0, "HOME"));
  CHECK_FALSE(start_time_of(0x7ffffff0));
}

TEST_CASE("environment and start time of a process") {
  Scratch scratch;
  ::setenv("KRA_TEST_MARK", "a=b", 1);
  OnTerminal terminal(scratch.path(), {"sleep", "1000"});
  terminal.wait_for(runs("sleep"));
  CHECK(environment_of(terminal.leader, "KRA_TEST_MARK") == "a=b");
  CHECK_FALSE(environment_of(terminal.leader, "KRA_TEST"));
  CHECK(start_time_of(terminal.leader) >= start_time_of(::getpid()));
}
