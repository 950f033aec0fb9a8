// Averages and percentiles of the last durations.
#include "engine/metrics.hpp"

#include "../catch.hpp"
#include "../os/fake_disk.hpp"

using namespace kra;

TEST_CASE("nothing measured is nothing") {
  auto summary = Durations().summary();
  for (const char* key : {"count", "failed", "last_ms", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"}) CHECK(summary[key] == Value(0));
}

TEST_CASE("percentiles by nearest rank") {
  Durations durations;
  for (int ms = 100; ms >= 1; --ms) durations.add_us(1000 * ms);
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
  durations.add_us(1'000'000'000);
  for (std::size_t at = 0; at < Durations::window; ++at) durations.add_us(7000);
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
  for (std::size_t at = 0; at < Metrics::enough; ++at) {
    if (at + 1 < Metrics::enough) CHECK(metrics.above(50).empty());
    for (const char* name : {"draft", "sync", "session_restore"}) metrics.take(Value::Map{{"operation", name}, {"ms", 700}});
  }
  // A network has no such target.
  CHECK(metrics.above(50) == std::map<std::string, std::int64_t>{{"draft", 700}});
}

TEST_CASE("figures outlive whoever took them, and expire by the day") {
  FakeDisk disk;
  REQUIRE(disk.make_directory("/s").ok());
  constexpr std::int64_t day = 86'400'000;
  const WallTime now{40 * day + 5};
  Metrics metrics;
  metrics.take(Value::Map{{"operation", "draft"}, {"ms", 900}, {"loop_ms", 3}, {"bytes", 10}}, 5);
  metrics.take(Value::Map{{"operation", "merge"}, {"ms", 1}}, 5);
  for (int ms = 1; ms <= 100; ++ms) metrics.take(Value::Map{{"operation", "draft"}, {"ms", ms}, {"loop_ms", 0.5}, {"bytes", 2}}, 39);
  metrics.take(Value::Map{{"operation", "draft"}, {"ms", 1}, {"ok", false}}, 40);
  CHECK(metrics.changed());
  CHECK_FALSE(metrics.changed());
  REQUIRE(keep_metrics(disk, "/s/metrics.kra", metrics).ok());
  CHECK(load_metrics(disk, "/s/metrics.kra", Milliseconds(100 * day), now).summary() == metrics.summary());
  auto later = load_metrics(disk, "/s/metrics.kra", Milliseconds(30 * day), now).summary();
  CHECK(later["merge"].is_nil());
  CHECK(later["draft"]["count"] == Value(100));
  CHECK(later["draft"]["failed"] == Value(1));
  CHECK(later["draft"]["bytes"] == Value(200));
  CHECK(later["draft"]["max_ms"] == Value(100));
  CHECK(later["draft"]["loop_max_ms"] == Value(0.5));
  CHECK(later["draft"]["since"] == Value(rfc3339({39 * day})));
}

TEST_CASE("a damaged file of figures is as none") {
  Metrics metrics;
  for (int ms = 1; ms <= 100; ++ms) metrics.take(Value::Map{{"operation", "draft"}, {"ms", ms}}, 1);
  const auto whole = metrics.stored();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CHECK(Metrics::from_stored(std::string_view(whole).substr(0, at)).summary().map()->empty());
    auto flipped = whole;
    flipped[at] ^= 4;
    CHECK(Metrics::from_stored(flipped).summary().map()->empty());
  }
}
