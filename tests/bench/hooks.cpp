// What kra's hooks cost tmux: a burst of window renames with and without them, and the processes that it starts.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;

constexpr int burst = 500;

// Time until tmux has taken all renames, in one client.
static double burst_us(World& world) {
  std::string script;
  for (int i = 0; i < burst; ++i) script += cat("rename-window -t bench: w", i, "\n");
  auto begun = Clock::now();
  world.must(world.tmux({"source-file", "-", ";", "display-message", "-p", "done"}), script);
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

// Forks of the server while it takes a burst, by strace.
static int forks(World& world) {
  auto pid = world.must(world.tmux({"display-message", "-p", "#{pid}"}));
  pid.pop_back();
  auto trace = world.path() + "/trace";
  pid_t tracer = ::fork();
  if (tracer == 0) {
    ::execlp("strace", "strace", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-o", trace.c_str(), "-p", pid.c_str(), nullptr);
    ::_exit(127);
  }
  std::string status;
  auto patience = Patience::of(std::chrono::seconds(5));
  while (status.find("TracerPid:\t" + std::to_string(tracer)) == std::string::npos) {
    if (patience.over()) return -1;
    std::ifstream file("/proc/" + pid + "/status");
    status.assign(std::istreambuf_iterator<char>(file), {});
  }
  burst_us(world);
  ::kill(tracer, SIGINT);
  ::waitpid(tracer, nullptr, 0);
  std::ifstream lines(trace);
  int count = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.find("(") != std::string::npos && line.find("---") == std::string::npos) ++count;
  return count;
}

int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  World world;
  world.start_tmux();
  auto install = world.must({world.kra(), "tmux", "hooks"}), remove = world.must({world.kra(), "tmux", "unhook"});
  auto source = [&](const std::string& script) { world.must(world.tmux({"source-file", "-"}), script); };
  std::vector<double> with, without;
  burst_us(world);
  for (int i = 0; i < mode.rounds(100); ++i) {
    without.push_back(burst_us(world));
    source(install);
    with.push_back(burst_us(world));
    source(remove);
  }
  source(install);
  auto floor = median(without);
  bool met = report(mode, {"500 renames with hooks: time", median(with) / 1000, floor * 1.5 / 1000, floor / 1000, "ms", std::int64_t(with.size())});
  int started = forks(world);
  if (started < 0) return skip("500 renames with hooks: processes started", "the server cannot be traced here"), met ? 0 : 1;
  return report(mode, {"500 renames with hooks: processes started", double(started), 0, 0, "processes", burst, false}) && met ? 0 : 1;
}
