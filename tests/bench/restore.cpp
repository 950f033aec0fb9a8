// A restore of 100 and 300 panes beside one source-file that makes the same panes, and how soon the first session of a lazy one is there.
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "os/command.hpp"
#include "tests/bench/bench.hpp"

extern char** environ;

using namespace kra;
using namespace kra::bench;

namespace {

double ms_since(Instant began) { return std::chrono::duration<double, std::milli>(Clock::now() - began).count(); }

// Sessions of five windows with two panes each.
std::string panes_script(int count) {
  std::string script;
  for (int pane = 0; pane < count; ++pane) {
    if (pane % 10 == 0) script += cat("new-session -d -x 200 -y 50 -c /tmp -s s", pane / 10, "\n");
    else if (pane % 2 == 0) script += cat("new-window -d -t =s", pane / 10, ":", pane % 10 / 2, " -c /tmp\n");
    else script += cat("split-window -d -t =s", pane / 10, ":", pane % 10 / 2, " -c /tmp\n");
  }
  return script;
}

class Restores {
 public:
  explicit Restores(int count) : count_(count), script_(panes_script(count)) {
    world_.start_tmux();
    world_.must(world_.tmux({"source-file", "-"}), script_);
    world_.must(world_.tmux({"kill-session", "-t", "=bench"}));
    world_.must({world_.kra(), "save", "w", "-S", world_.socket()});
    clear();
  }

  double floor_once() {
    auto began = Clock::now();
    world_.must(world_.tmux({"source-file", "-"}), script_);
    auto took = ms_since(began);
    clear();
    return took;
  }

  double restore_once() {
    auto began = Clock::now();
    world_.must({world_.kra(), "restore", "w", "-S", world_.socket()});
    auto took = ms_since(began);
    clear();
    return took;
  }

  // From the start of the command until the ten panes of the first session are there under its name.
  double lazy_once() {
    std::vector<std::string> words{world_.kra(), "restore", "w", "--lazy", "-S", world_.socket()};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", 2, 0);
    pid_t pid = 0;
    auto began = Clock::now();
    if (::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) std::exit(2);
    posix_spawn_file_actions_destroy(&actions);
    while (!first_is_there())
      if (ms_since(began) > 10'000) std::fprintf(stderr, "restore: no first session\n"), std::exit(2);
    auto took = ms_since(began);
    int status = 0;
    ::waitpid(pid, &status, 0);
    clear();
    return took;
  }

 private:
  bool first_is_there() {
    auto listed = run({.argv = world_.tmux({"list-panes", "-s", "-t", "=s0", "-F", "x"})}, Patience::of(std::chrono::seconds(10)));
    return listed && listed->status == 0 && listed->output.size() == 20;
  }

  // What was made goes, and everybody has come to rest before the next round.
  void clear() {
    std::string script;
    for (int session = 0; session * 10 < count_; ++session) script += cat("kill-session -t =s", session, "\n");
    world_.must(world_.tmux({"source-file", "-"}), script);
    world_.must({"sleep", "0.2"});
  }

  World world_;
  int count_;
  std::string script_;
};

bool bars_of(const Mode& mode, int count, int rounds) {
  Restores restores(count);
  std::vector<double> floors, figures;
  restores.floor_once(), restores.restore_once();
  for (int round = 0; round < rounds; ++round) floors.push_back(restores.floor_once()), figures.push_back(restores.restore_once());
  auto floor = median(floors);
  bool met = report(mode, {.bar = cat("restore of ", count, " panes"), .figure = median(figures), .limit = 1.25 * floor, .floor = floor, .unit = "ms", .n = rounds});
  if (count < 300) return met;
  std::vector<double> first;
  for (int round = 0; round < rounds; ++round) first.push_back(restores.lazy_once());
  return report(mode, {.bar = "lazy restore of 300 panes: first session of 10", .figure = median(first), .limit = 100, .unit = "ms", .n = rounds}) && met;
}

}  // namespace

int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  bool met = bars_of(mode, 100, mode.sample ? 3 : 20);
  if (!mode.sample) met = bars_of(mode, 300, 10) && met;
  return met ? 0 : 1;
}
