#include "engine/sync_decide.hpp"

#include <random>

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
  dirty.dirty_files = 50, dirty.dirty_since = dirty.changed_at = 1001 * minute;
  CHECK(at(dirty, 1001 * minute).next_at == 1001 * minute + 20'000);
  CHECK(at(dirty, 1001 * minute + 20'000).reason == "threshold");
  dirty.changed_at = 1010 * minute;
  CHECK(at(dirty, 1010 * minute).now);  // who never rests is not waited for longer
  dirty.dirty_since = 1010 * minute;
  CHECK(at(dirty, 1010 * minute).next_at == 1010 * minute + 20'000);
  dirty.dirty_files = 49;
  CHECK(at(dirty, 1011 * minute).reason == "scheduled");
  dirty.dirty_since = dirty.changed_at = 1000 * minute;
  CHECK(at(dirty, 1001 * minute).next_at == 1005 * minute);
  dirty.dirty_bytes = 64U << 20;
  CHECK(at(dirty, 1001 * minute).reason == "threshold");
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

TEST_CASE("the first comes, the last goes, git is at work") {
  SyncFacts facts{.wanted = "startup", .last_at = 1000 * minute, .last_state = "synced", .watched = true};
  CHECK(at(facts, 1000 * minute + 1).reason == "startup");
  CHECK(at(facts, 1000 * minute + 1).now);
  facts.wanted = "exit";
  CHECK(!at(facts, 1001 * minute).now);  // nothing has changed
  facts.dirty_files = 1;
  CHECK(at(facts, 1001 * minute).reason == "exit");
  facts.dirty_files = 0, facts.last_state = "offline", facts.failures = 9;
  CHECK(at(facts, 1001 * minute).now);
  facts.operation = "rebase";
  CHECK(!at(facts, 2000 * minute).now);
  CHECK(at(facts, 2000 * minute).why == "a rebase is unfinished");
  CHECK(!decide_sync({.wanted = "exit", .last_at = 1}, Settings::Sync{}, {2}).now);
}

TEST_CASE("a remote that has moved, and when it is asked") {
  SyncFacts facts{.last_at = 1000 * minute, .last_state = "nothing", .watched = true};
  CHECK(at(facts, 1001 * minute).poll_at == 1005 * minute);
  facts.polled_at = 1005 * minute;
  CHECK(at(facts, 1006 * minute).poll_at == 1010 * minute);
  CHECK(at(facts, 1056 * minute).next_at == 1060 * minute);
  facts.polled_at = 1056 * minute;
  CHECK(at(facts, 1057 * minute).poll_at == 0);  // the sync is due before
  facts.remote_moved = true;
  CHECK(at(facts, 1006 * minute).now);
  CHECK(at(facts, 1001 * minute).next_at == 1005 * minute);
}

// Whatever is known: one that is due says why, nothing is put off beyond the interval, and a moment later nothing was forgotten.
TEST_CASE("any facts, any moment") {
  std::mt19937 random(4711);
  const auto pick = [&](std::uint32_t below) { return random() % below; };
  const char* states[] = {"synced", "nothing", "pending", "waiting", "held", "offline", "access", "hook", "quota", "failed"};
  const char* wanted[] = {"", "", "", "startup", "exit"};
  const Settings::Sync settings;
  for (int n = 0; n < 100'000; ++n) {
    const std::int64_t now = 1'000'000'000 + pick(1'000'000'000);
    const auto around = [&] { return now - 7'200'000 + static_cast<std::int64_t>(pick(7'500'000)); };
    SyncFacts facts{.scheduled = pick(8) != 0, .started = pick(2) == 0, .wanted = wanted[pick(5)], .operation = pick(9) == 0 ? "merge" : "", .last_at = pick(9) == 0 ? std::int64_t{0} : now - static_cast<std::int64_t>(pick(7'200'000)),
                    .last_state = states[pick(10)], .failures = pick(30), .spread = pick(100) / 100.0, .watched = pick(2) == 0, .dirty_files = pick(3) * pick(60),
                    .dirty_bytes = pick(3) * 7'000'000ULL, .polled_at = around(), .remote_moved = pick(9) == 0};
    if (facts.dirty_files > 0) facts.dirty_since = around(), facts.changed_at = facts.dirty_since + pick(60'000);
    const auto decision = decide_sync(facts, settings, {now});
    INFO("case " << n << " " << facts.last_state << " " << decision.why);
    REQUIRE(!decision.why.empty());
    REQUIRE(decision.now == (decision.next_at == now && !decision.reason.empty()));
    REQUIRE((decision.next_at == 0) == !facts.scheduled);
    REQUIRE(decision.next_at <= now + settings.interval.count());
    REQUIRE((decision.poll_at == 0 || (decision.poll_at >= now && decision.poll_at < decision.next_at)));
    if (decision.now || !facts.scheduled || !facts.operation.empty()) continue;
    const auto later = decide_sync(facts, settings, {decision.next_at});
    REQUIRE((later.now || later.next_at <= decision.next_at + settings.quiet.count()));
  }
}
