// Simulated devices whose syncs are killed, refused and disturbed between any two of their calls (simulation/scheduler.hpp). At the end of each run all
// devices must hold the same, every line that nobody deleted must be in a file, no sync may have failed without a reason, and nothing may be left
// of those that were killed. Some runs are made twice: the same seed must be the same run.
//   sync_simulation --sample|--full [--seed N] [--runs N] [--trace FILE] [--until-wrong]
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/simulation/scheduler.hpp"
#include "tests/bench/support/workers.hpp"

using namespace kra;
using namespace kra::bench;
using namespace kra::simulation;
namespace fs = std::filesystem;

namespace {

struct Sum {
  int runs = 0, wrong = 0, twice = 0, unlike = 0;
  Figures figures;
  void operator+=(const Sum& other) { runs += other.runs, wrong += other.wrong, twice += other.twice, unlike += other.unlike, figures += other.figures; }
};

// Both runs must be made in the same place: paths are part of a run.
Verdict in_place(const std::string& directory, std::uint64_t seed) {
  fs::remove_all(directory);
  auto verdict = simulate(directory, seed);
  return verdict;
}

void tell(std::uint64_t seed, const Verdict& verdict, const std::string& directory) {
  // What it left, for whoever looks for the reason.
  if (const char* keep = std::getenv("KRA_KEEP"); keep && !verdict.wrong.empty()) {
    std::error_code ignored;
    fs::copy(directory, keep, fs::copy_options::recursive | fs::copy_options::copy_symlinks, ignored);
  }
  for (const auto& what : verdict.wrong) std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed), what.c_str());
}

void look_again(const std::string& directory, std::uint64_t seed, const Verdict& first, Sum& sum) {
  const auto second = in_place(directory, seed);
  ++sum.twice;
  if (first.trace == second.trace) return;
  ++sum.unlike;
  std::size_t at = 0;
  while (at < std::min(first.trace.size(), second.trace.size()) && first.trace[at] == second.trace[at]) ++at;
  const auto line = [&](const Verdict& verdict) { return at < verdict.trace.size() ? verdict.trace[at].c_str() : "(the end)"; };
  std::fprintf(stderr, "seed %llu is not the same run twice, from step %zu:\n  %s\n  %s\n", static_cast<unsigned long long>(seed), at, line(first), line(second));
}

Sum some(const std::string& directory, std::uint64_t seed, int runs, int every, int repeat, const std::string& trace, bool until_wrong) {
  Sum sum;
  for (int run = 0; run < runs; run += every, seed += static_cast<std::uint64_t>(every)) {
    const auto verdict = in_place(directory, seed);
    tell(seed, verdict, directory);
    if (!trace.empty()) {
      std::ofstream out(trace);
      for (const auto& line : verdict.trace) out << line << "\n";
      for (const auto& line : verdict.wrong) out << "WRONG " << line << "\n";
    }
    ++sum.runs, sum.wrong += !verdict.wrong.empty(), sum.figures += verdict.figures;
    if ((run / every + 1) % repeat == 0) look_again(directory, seed, verdict, sum);
    if (!verdict.wrong.empty() && until_wrong) return sum;
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  int runs = mode.sample ? 3 : 400;
  std::string trace;
  bool until_wrong = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--until-wrong") until_wrong = true;
    else if (word == "--runs" && i + 1 < argc) runs = std::atoi(argv[++i]);
    else if (word == "--trace" && i + 1 < argc) trace = argv[++i];
  }
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  World world;
  const int workers = std::min(runs, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));
  const auto sum = in_processes<Sum>(workers, [&](int worker) {
    return some(cat(world.path(), "/w", worker), mode.seed + static_cast<std::uint64_t>(worker), runs - worker, workers, mode.sample ? runs + 1 : 20, trace, until_wrong);
  });
  if (!sum) return std::fputs("a worker died\n", stderr), 2;
  const auto& all = *sum;
  const auto& figures = all.figures;
  std::fprintf(stderr, "seed %llu: %d runs, %d saves, %d syncs of which %d were killed and %d disturbed, %d calls\n", static_cast<unsigned long long>(mode.seed), all.runs,
               figures.saves, figures.syncs, figures.kills, figures.faults, figures.calls);
  bool met = report(mode, {.bar = "simulated devices: runs that lost, differed, stuck or left something", .figure = static_cast<double>(all.wrong), .limit = 0,
                           .unit = "runs", .n = all.runs, .timed = false});
  if (all.twice > 0)
    met &= report(mode, {.bar = "simulated devices: the same seed, another run", .figure = static_cast<double>(all.unlike), .limit = 0, .unit = "runs", .n = all.twice, .timed = false});
  return met ? 0 : 1;
}
