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

TEST_CASE("what is slow is waited for longer, within reason") {
  CHECK(slow_factor(0, 50) == 1.0);
  CHECK(slow_factor(50'000, 50) == 1.0);
  CHECK(slow_factor(100'000, 50) == 2.0);
  CHECK(slow_factor(10'000'000, 50) == 8.0);
  CHECK(slow_factor(1, 0) == 1.0);
}

TEST_CASE("fractions of a millisecond are kept, names that could be paths are not") {
  Metrics metrics;
  metrics.take(Value::Map{{"operation", "draft"}, {"ms", 0.25}});
  for (const auto& wrong : {Value::Map{{"operation", "/a/path"}, {"ms", 1}}, Value::Map{{"operation", "draft"}, {"ms", -1}}, Value::Map{{"operation", "draft"}},
                            Value::Map{{"ms", 1}}, Value::Map{{"operation", "draft"}, {"ms", 1e30}}})
    metrics.take(Value(wrong));
  auto summary = metrics.summary();
  CHECK(summary.map()->size() == 1);
  CHECK(summary["draft"]["count"] == Value(1));
  CHECK(summary["draft"]["p50_ms"] == Value(0.25));
  CHECK(summary["draft"]["success_rate"] == Value(1.0));
  CHECK(metrics.above(50).empty());
  metrics.take(Value::Map{{"operation", "draft"}, {"ms", 700}});
  CHECK(metrics.above(50).at("draft") == 700);
}
