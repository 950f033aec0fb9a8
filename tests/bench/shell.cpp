// What kra's shell files add: to the start of a shell, and to a change of directory.
#include <cstdlib>
#include <string>

#include "base/text.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;

struct Shell {
  std::string name, file;
  std::vector<std::string> start;  // interactive, without the user's files, up to the text to run
  std::string changes;             // text that changes the directory $1 times and prints the microseconds for each
};

static std::vector<Shell> shells() {
  return {
      {"zsh", "shell/kra.zsh", {"zsh", "-f", "-i", "-c"},
       "zmodload zsh/datetime; a=$EPOCHREALTIME; repeat N { cd /tmp; cd / }; printf '%f' $(( (EPOCHREALTIME - a) * 1e6 / (2 * N) ))"},
      {"bash", "shell/kra.bash", {"bash", "--norc", "--noprofile", "-i", "-c"},
       "p() { ${PROMPT_COMMAND:-:}; }; a=${EPOCHREALTIME/./}; for ((i = 0; i < N; ++i)); do cd /tmp; p; cd /; p; done; "
       "printf %d $(( (${EPOCHREALTIME/./} - a) / (2 * N) ))"},
      {"fish", "shell/kra.fish", {"fish", "--no-config", "-i", "-c"}, ""},
  };
}

static std::vector<std::string> running(const Shell& shell, const std::string& text) {
  auto argv = shell.start;
  argv.push_back(text);
  return argv;
}

static std::string loading(const Shell& shell) { return cat(shell.name == "bash" ? ". " : "source ", "\"$PWD\"/", shell.file, "\n"); }

static bool start_of(const Mode& mode, const Shell& shell) {
  std::vector<double> with, without;
  for (int i = 0; i < mode.rounds(200); ++i) {
    without.push_back(time_of(running(shell, ":")).wall_us);
    with.push_back(time_of(running(shell, loading(shell))).wall_us);
  }
  auto floor = median(without);
  return report(mode, {shell.name + ": added to its start", median(with) - floor, 2000, floor, "us", std::int64_t(with.size())});
}

static bool change_of(const Mode& mode, World& world, const Shell& shell, int times, double limit) {
  std::vector<double> with, without;
  auto text = shell.changes;
  for (auto at = text.find('N'); at != std::string::npos; at = text.find('N', at)) text.replace(at, 1, cat(times));
  for (int i = 0; i < mode.rounds(20); ++i) {
    without.push_back(std::strtod(world.must(running(shell, text)).c_str(), nullptr));
    with.push_back(std::strtod(world.must(running(shell, loading(shell) + text)).c_str(), nullptr));
  }
  auto floor = median(without);
  return report(mode, {shell.name + ": added to a directory change", median(with) - floor, limit, floor, "us", std::int64_t(with.size()) * times});
}

int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  World world;
  ::setenv("TMUX", (world.socket() + ",1,0").c_str(), 1);
  ::setenv("TMUX_PANE", "%0", 1);
  world.must({world.kra(), "daemon", "start"});
  bool met = true;
  for (const auto& shell : shells()) met = start_of(mode, shell) && met;
  met = change_of(mode, world, shells()[0], 500, 60) && met;
  // Two forks and one exec that nobody waits for: reported, without a bar of its own.
  return change_of(mode, world, shells()[1], 20, 1e9) && met ? 0 : 1;
}
