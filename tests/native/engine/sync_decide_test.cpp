#include "engine/sync_decide.hpp"

#include "tests/native/catch.hpp"

using namespace kra;

static constexpr std::int64_t minute = 60'000;

static SyncDecision at(SyncFacts facts, std::int64_t now) {
  facts.scheduled = true;
  return decide_sync(facts, Settings::Sync{}, {now});
}

TEST_CASE("nothing happens by itself that was not asked for") {
  CHECK(!decide_sync({.last_at = 0}, Settings::Sync{}, {minute}).now);
  CHECK(decide_sync({}, Settings::Sync{}, {minute}).next_at == 0);
  CHECK(at({}, minute).now);
  CHECK(at({}, minute).reason == "startup");
}

TEST_CASE("the interval, the smallest distance, the threshold with its quiet time") {
  const SyncFacts synced{.last_at = 1000 * minute, .last_state = "synced"};
  CHECK(!at(synced, 1059 * minute).now);
  CHECK(at(synced, 1059 * minute).next_at == 1060 * minute);
  CHECK(at(synced, 1060 * minute).now);
  auto dirty = synced;
  dirty.dirty_files = 50, dirty.changed_at = 1001 * minute;
  CHECK(at(dirty, 1004 * minute).next_at == 1005 * minute);
  CHECK(at(dirty, 1005 * minute).reason == "threshold");
  dirty.changed_at = 1010 * minute;
  CHECK(at(dirty, 1010 * minute).next_at == 1010 * minute + 20'000);
  dirty.dirty_files = 49;
  CHECK(!at(dirty, 1011 * minute).now);
  auto fresh = synced;
  fresh.started = false;
  CHECK(at(fresh, 1004 * minute).next_at == 1005 * minute);
  CHECK(at(fresh, 1005 * minute).reason == "startup");
}

TEST_CASE("trouble is tried again with a growing wait, refusals are not") {
  SyncFacts offline{.last_at = 1000 * minute, .last_state = "offline"};
  std::int64_t before = 0;
  for (std::uint64_t failures = 1; failures < 40; ++failures) {
    offline.failures = failures;
    const auto wait = at(offline, 1000 * minute).next_at - 1000 * minute;
    CHECK(wait >= before);
    CHECK(wait <= 60 * minute);
    before = wait;
  }
  offline.failures = 1;
  CHECK(at(offline, 1000 * minute).next_at == 1000 * minute + 30'000);
  CHECK(at({.last_at = 1000 * minute, .last_state = "access"}, 1001 * minute).next_at == 1060 * minute);
}

TEST_CASE("a clock that goes back puts nothing off for good") {
  const SyncFacts synced{.last_at = 5000 * minute, .last_state = "synced"};
  CHECK(at(synced, 1000 * minute).next_at <= 1060 * minute);
}
