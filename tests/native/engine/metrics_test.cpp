// Averages and percentiles of the last durations.
#include "engine/metrics.hpp"

#include "../catch.hpp"

using namespace kra;

TEST_CASE("nothing measured is nothing") {
  auto summary = Durations().summary();
  for (const char* key : {"count", "failed", "last_ms", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"}) CHECK(summary[key] == Value(0));
}

TEST_CASE("percentiles by nearest rank") {
  Durations durations;
  for (int ms = 100; ms >= 1; --ms) durations.add(ms);
  durations.fail();
  auto summary = durations.summary();
  CHECK(summary["count"] == Value(100));
  CHECK(summary["failed"] == Value(1));
  CHECK(summary["last_ms"] == Value(1));
  CHECK(summary["mean_ms"] == Value(50));
  CHECK(summary["p50_ms"] == Value(50));
  CHECK(summary["p95_ms"] == Value(95));
  CHECK(summary["p99_ms"] == Value(99));
  CHECK(summary["max_ms"] == Value(100));
}

TEST_CASE("old durations are forgotten, their number is not") {
  Durations durations;
  durations.add(1'000'000);
  for (std::size_t at = 0; at < Durations::window; ++at) durations.add(7);
  auto summary = durations.summary();
  CHECK(summary["count"] == Value(Durations::window + 1));
  CHECK(summary["max_ms"] == Value(7));
  CHECK(summary["mean_ms"] == Value(7));
}
