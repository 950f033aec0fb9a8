// What the bench drivers share: a scratch world, programs timed by the system's own accounting, bars as JSON lines.
// A driver takes --sample (about a hundredth) or --full, and --seed N; it prints one line for each bar and exits 1 when one is missed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/value.hpp"

namespace kra::bench {

struct Mode {
  bool sample = false;
  std::uint64_t seed = 1;
  int rounds(int full) const { return sample ? std::max(full / 100, 3) : full; }
};
Mode mode_of(int argc, char** argv);

// A bar: what was measured, what it may be, what the machine needs at least. `timed` bars are judged in full runs only.
struct Bar {
  std::string bar;
  double figure = 0;
  double limit = 0;
  double floor = 0;
  std::string unit;
  std::int64_t n = 0;
  bool timed = true;
  bool at_least = false;  // the figure must reach the limit instead of staying below it
};
// Prints the line; whether the bar was met.
bool report(const Mode& mode, const Bar& bar);
// A bar that cannot be measured here, with the reason.
void skip(const std::string& bar, const std::string& reason);

struct Run {
  double wall_us = 0;
  double cpu_us = 0;
  long peak_kb = 0;
  int status = 0;
};
// Spawns the program with the standard streams on /dev/null and waits for it.
Run time_of(const std::vector<std::string>& argv);
// The number of system calls that the program makes, its children left out.
int system_calls_of(const std::vector<std::string>& argv);

double median(std::vector<double> figures);

// Private HOME, state, runtime directory and tmux socket, put into this process's environment; everything that was started in it is
// ended, and the directory removed, by the destructor.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const std::string& path() const { return path_; }
  std::string socket() const { return path_ + "/tmux"; }
  // The program under test ($KRA_BIN or build/kra), as an absolute path.
  const std::string& kra() const { return kra_; }
  // Output of a program that must succeed; the driver ends with a message when it does not.
  std::string must(const std::vector<std::string>& argv, const std::string& input = "");
  std::vector<std::string> tmux(const std::vector<std::string>& words) const;
  void start_tmux();

 private:
  std::string path_, kra_;
};

}  // namespace kra::bench
