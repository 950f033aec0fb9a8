// What one event costs: `kra event` beside a static program that does nothing.
#include <cstdio>

#include "tests/bench/bench.hpp"

using namespace kra::bench;

static bool measure(const Mode& mode, World& world, const std::string& state, bool judged) {
  std::vector<std::string> event{world.kra(), "event", "cwd", "%1", "1", "/tmp"}, empty{"build/bench/empty"};
  std::vector<double> event_us, empty_us;
  for (int i = 0; i < mode.rounds(500); ++i) {
    empty_us.push_back(time_of(empty).wall_us);
    event_us.push_back(time_of(event).wall_us);
  }
  auto calls = system_calls_of(event) - system_calls_of(empty);
  auto floor = median(empty_us), figure = median(event_us);
  double calls_limit = judged ? 20 : 1e9, time_limit = judged ? floor * 1.3 : 1e9;
  auto n = static_cast<std::int64_t>(event_us.size());
  bool met = report(mode, {"event, " + state + ": system calls beyond an empty program", double(calls), calls_limit, 0, "calls", 1, false});
  return report(mode, {"event, " + state + ": time", figure, time_limit, floor, "us", n}) && met;
}

int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  World world;
  world.must({world.kra(), "daemon", "start"});
  bool met = measure(mode, world, "daemon running", true);
  world.must({world.kra(), "daemon", "stop"});
  // Each of these starts a daemon; reported, without a bar.
  std::vector<double> down_us;
  for (int i = 0; i < 3; ++i) {
    down_us.push_back(time_of({world.kra(), "event", "cwd", "%1", "1", "/tmp"}).wall_us);
    world.must({world.kra(), "daemon", "stop"});
  }
  met = report(mode, {"event, daemon down: time", median(down_us), 1e9, 0, "us", 3}) && met;
  return met ? 0 : 1;
}
