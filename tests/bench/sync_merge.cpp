// Merges of random trees (edits, renames, modes, links, directories against files, deletions) beside `git merge-tree --write-tree`: the same where git
// has no conflict, a conflict where git has one; from either side, and again after a crash; no version of any side is nowhere.
//   sync_merge --sample|--full [--seed N] [--trials N] [--only TRIAL]
#include <cstdio>
#include <thread>

#include "tests/bench/bench.hpp"
#include "tests/bench/support/workers.hpp"
#include "tests/native/merge_trial.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

struct Sum {
  int trials = 0, wrong = 0, compared = 0, clean = 0;
  void operator+=(const Sum& other) { trials += other.trials, wrong += other.wrong, compared += other.compared, clean += other.clean; }
};

Result<SyncStore> store_of(GitScratch& world) {
  const auto place = TRY(find_repository(world.disk, world.root));
  return SyncStore::open(world.disk, world.paths, place, git_patience());
}

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  int trials = mode.sample ? 200 : 10'000, only = -1;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string_view(argv[i]) == "--trials") trials = std::atoi(argv[i + 1]);
    if (std::string_view(argv[i]) == "--only") only = std::atoi(argv[i + 1]);
  }
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  World world;
  ::setenv("TMPDIR", world.path().c_str(), 1);
  const int workers = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  constexpr int batch = 500;  // a store for each: what was merged stays in it
  const auto sum = in_processes<Sum>(workers, [&](int worker) {
    Sum mine;
    for (int first = worker * batch; first < trials; first += workers * batch) {
      GitScratch scratch;
      auto store = store_of(scratch);
      if (!store) return std::fprintf(stderr, "%s\n", store.error().what.c_str()), Sum{1, 1, 0, 0};
      for (int n = first; n < std::min(trials, first + batch); ++n) {
        if (only >= 0 && n != only) continue;
        MergeTrial trial(scratch, *store, static_cast<std::uint32_t>(mode.seed * 1'000'000 + static_cast<std::uint64_t>(n)));
        const auto wrong = trial.wrong();
        if (!wrong.empty()) std::fprintf(stderr, "seed %llu, trial %d: %s\n", static_cast<unsigned long long>(mode.seed), n, wrong.c_str());
        ++mine.trials, mine.wrong += !wrong.empty(), mine.compared += trial.compared, mine.clean += trial.clean;
      }
    }
    return mine;
  });
  if (!sum) return std::fputs("a worker died\n", stderr), 2;
  std::fprintf(stderr, "seed %llu: %d merges, %d of them compared with git's, which had no conflict in %d\n", static_cast<unsigned long long>(mode.seed), sum->trials, sum->compared, sum->clean);
  const bool met = report(mode, {.bar = "merges of random trees that git does otherwise, or that lose a version", .figure = static_cast<double>(sum->wrong), .limit = 0, .unit = "merges",
                                 .n = sum->trials, .timed = false});
  return met ? 0 : 1;
}
