// Devices with a remote between them, their users, and a scheduler that says who goes on next. Each sync is the engine's own code in a process of its
// own, which stops at every call that reaches the world (seams.hpp) until the scheduler lets it go on, kills it there, or makes the call fail.
// Real: the engine, git, the file system, leases. Simulated: the clock, what the file system says of times, random numbers, and who is when. One
// seed is one run: the same steps, commits and files each time.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/sync.hpp"
#include "os/disk.hpp"
#include "tests/bench/simulation/seams.hpp"
#include "tests/bench/simulation/writers.hpp"

namespace kra::simulation {

struct Figures {
  int saves = 0, syncs = 0, kills = 0, faults = 0, calls = 0;
  void operator+=(const Figures& other) { saves += other.saves, syncs += other.syncs, kills += other.kills, faults += other.faults, calls += other.calls; }
};

struct Verdict {
  std::vector<std::string> wrong;
  std::vector<std::string> trace;
  Figures figures;
};

// All below `directory`, which must not be there yet.
Verdict simulate(const std::string& directory, std::uint64_t seed);

}  // namespace kra::simulation
