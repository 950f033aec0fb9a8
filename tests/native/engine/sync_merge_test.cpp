// Random trees beside git's own merge; tests/bench/sync_merge.cpp has many more of them.
#include "tests/native/git_world.hpp"
#include "tests/native/merge_trial.hpp"

using namespace kra;

TEST_CASE("random trees come together as git says, and lose nothing", "[sync][property]") {
  GitWorld world;
  auto store = world.store();
  int clean = 0, compared = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    MergeTrial trial(world, store, seed);
    const auto wrong = trial.wrong();
    INFO("seed " << seed << ": " << wrong);
    CHECK(wrong.empty());
    clean += trial.clean, compared += trial.compared;
  }
  CHECK(compared > 20);
  CHECK(clean > 8);
}
