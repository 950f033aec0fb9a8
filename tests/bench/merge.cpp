// merge: random three-way merges beside `git merge-file`, and how long a merge and the hunks of 10,000 lines take.
#include <fstream>
#include <random>

#include "base/text.hpp"
#include "engine/hunks.hpp"
#include "engine/merge3.hpp"
#include "os/command.hpp"
#include "tests/bench/bench.hpp"
#include "tests/native/engine/diff_texts.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

struct Verdict {
  int clean = 0, different = 0;
};

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

Verdict beside_git(const World& world, std::uint64_t seed, int rounds) {
  test::DiffTexts texts(seed, test::DiffTexts::Bytes::no_nul);
  Verdict verdict;
  const auto base_file = world.path() + "/base", our_file = world.path() + "/ours", their_file = world.path() + "/theirs";
  for (int round = 0; round < rounds; ++round) {
    const auto [base, ours, theirs] = texts.next();
    write(base_file, base);
    write(our_file, ours);
    write(their_file, theirs);
    const auto git = run({.argv = {"git", "merge-file", "-p", our_file, base_file, their_file}}, Patience::of(Milliseconds(20'000)));
    const auto merged = merge_texts(base, ours, theirs);
    const bool clean = git && git->status == 0;
    if (clean != (merged.conflicts == 0) || (clean && git->output != merged.text)) ++verdict.different;
    if (clean) ++verdict.clean;
  }
  return verdict;
}

// 10,000 lines; each side changed one in fifty.
struct Large {
  std::string base, ours, theirs;
};
Large large(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Large texts;
  for (int i = 0; i < 10'000; ++i) {
    const auto line = cat("local value_", i % 3000, " = compute(", i, ")\n");
    texts.base += line;
    texts.ours += random() % 50 == 0 ? "own " + line : line;
    texts.theirs += random() % 50 == 0 ? "" : line;
  }
  return texts;
}

template <class Work>
double milliseconds_of(int rounds, Work work) {
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    work();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  return median(times);
}

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  World world;
  const auto rounds = mode.rounds(10'000);
  const auto verdict = beside_git(world, mode.seed, rounds);
  bool met = report(mode, {.bar = "merge: other than git merge-file where it is clean", .figure = static_cast<double>(verdict.different), .unit = "merges",
                           .n = rounds, .timed = false});
  met &= report(mode, {.bar = "merge: of those clean", .figure = static_cast<double>(verdict.clean), .limit = rounds / 4.0, .unit = "merges",
                       .n = rounds, .timed = false, .at_least = true});
  const auto texts = large(mode.seed);
  std::size_t seen = 0;
  const auto merge_ms = milliseconds_of(mode.rounds(100), [&] { seen += merge_texts(texts.base, texts.ours, texts.theirs).text.size(); });
  met &= report(mode, {.bar = "merge: 10,000 lines", .figure = merge_ms, .limit = 5, .unit = "ms", .n = mode.rounds(100)});
  const auto hunks_ms = milliseconds_of(mode.rounds(100), [&] { seen += hunks_between(texts.base, texts.ours).size(); });
  met &= report(mode, {.bar = "hunks: of 10,000 lines", .figure = hunks_ms, .limit = 5, .unit = "ms", .n = mode.rounds(100)});
  return met && seen > 0 ? 0 : 1;
}
