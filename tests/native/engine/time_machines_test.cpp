// What depends on time is told the time: debounce, throttle, backoff, heartbeat, leases. Nothing here sleeps.
#include "../catch.hpp"
#include "engine/backoff.hpp"
#include "engine/debounce.hpp"
#include "engine/group_commit.hpp"
#include "engine/heartbeat.hpp"
#include "engine/lease.hpp"
#include "engine/throttle.hpp"

using namespace kra;
using namespace std::chrono_literals;

static const Instant start = Instant() + 1h;

TEST_CASE("debounce rings after quiet") {
  Debounce debounce(20s, 120s);
  CHECK_FALSE(debounce.due());
  debounce.poke(start);
  CHECK(debounce.due() == start + 20s);
  debounce.poke(start + 15s);
  CHECK(debounce.due() == start + 35s);
  CHECK_FALSE(debounce.ring(start + 34s));
  CHECK(debounce.ring(start + 35s));
  CHECK_FALSE(debounce.due());
  CHECK_FALSE(debounce.ring(start + 500s));
}

TEST_CASE("debounce rings at its longest wait although events go on") {
  Debounce debounce(20s, 120s);
  for (auto at = 0s; at < 120s; at += 10s) {
    debounce.poke(start + at);
    CHECK_FALSE(debounce.ring(start + at));
  }
  CHECK(debounce.due() == start + 120s);
  debounce.poke(start + 125s);
  CHECK(debounce.due() == start + 120s);
  CHECK(debounce.ring(start + 126s));
  debounce.poke(start + 130s);
  CHECK(debounce.due() == start + 150s);
}

TEST_CASE("debounce in a hurry, at rest, and with other times") {
  Debounce debounce(20s, 120s);
  debounce.poke(start);
  debounce.hurry(start + 1s);
  CHECK(debounce.due() == start + 1s);
  debounce.rest();
  CHECK_FALSE(debounce.due());
  debounce.poke(start + 200s);
  debounce.retime(5s, 10s);
  CHECK(debounce.due() == start + 210s);
  debounce.poke(start + 201s);
  CHECK(debounce.due() == start + 206s);
}

TEST_CASE("throttle passes the first and the last of a burst") {
  Throttle throttle(1s);
  CHECK(throttle.poke(start));
  CHECK_FALSE(throttle.poke(start + 300ms));
  CHECK_FALSE(throttle.poke(start + 600ms));
  CHECK(throttle.due() == start + 1s);
  CHECK_FALSE(throttle.ring(start + 999ms));
  CHECK(throttle.ring(start + 1s));
  CHECK_FALSE(throttle.due());
  CHECK_FALSE(throttle.poke(start + 1500ms));
  CHECK(throttle.poke(start + 5s));
}

TEST_CASE("backoff doubles up to its longest and begins anew after success") {
  Backoff backoff(1s, 5s);
  auto now = start;
  for (auto wait : {1s, 2s, 4s, 5s, 5s}) {
    backoff.failed(now);
    CHECK(backoff.due() == now + wait);
    CHECK_FALSE(backoff.ring(now + wait - 1ms));
    now += wait;
    CHECK(backoff.ring(now));
  }
  CHECK(backoff.failures() == 5);
  backoff.succeeded();
  CHECK_FALSE(backoff.due());
  backoff.failed(now);
  CHECK(backoff.due() == now + 1s);
}

TEST_CASE("silence alone is no sign of death, an unanswered question is") {
  Heartbeat heartbeat(90s, start);
  CHECK_FALSE(heartbeat.abandoned(start + 1h));
  heartbeat.ask();
  CHECK_FALSE(heartbeat.abandoned(start + 89s));
  CHECK(heartbeat.abandoned(start + 90s));
  heartbeat.beat(start + 91s);
  CHECK_FALSE(heartbeat.abandoned(start + 500s));
  CHECK(heartbeat.silent_for(start + 92s) == 1s);
}

TEST_CASE("a lease ends with its time, its release or its holder") {
  Leases leases;
  auto loading = leases.grant(load_in_progress, "/a", 1, 10s, start);
  auto killing = leases.grant(kill_in_progress, "/b", 2, 20s, start);
  leases.grant(save_in_progress, "/c", 2, 30s, start);
  CHECK(leases.forbids_autosave("/a"));
  CHECK(leases.forbids_autosave("/b"));
  CHECK_FALSE(leases.forbids_autosave("/c"));
  CHECK(leases.due() == start + 10s);

  CHECK_FALSE(leases.release(killing, 1));
  CHECK(leases.ring(start + 9s).empty());
  auto ended = leases.ring(start + 10s);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].id == loading);
  CHECK_FALSE(leases.forbids_autosave("/a"));

  CHECK(leases.release(killing, 2)->server == "/b");
  CHECK_FALSE(leases.release(killing, 2));
  CHECK(leases.drop_holder(2).size() == 1);
  CHECK_FALSE(leases.due());
  CHECK(is_lease_name("LoadInProgress"));
  CHECK_FALSE(is_lease_name("loadinprogress"));
}

// A laptop that slept, or a clock that jumped: what was due meanwhile happens once, not as often as it would have.
TEST_CASE("after eight hours that nobody was awake each timer rings once") {
  constexpr auto awake = start + 8h;
  Debounce debounce(20s, 120s);
  debounce.poke(start);
  CHECK(debounce.ring(awake));
  CHECK_FALSE(debounce.ring(awake));
  CHECK_FALSE(debounce.due());

  Throttle throttle(1s);
  throttle.poke(start);
  throttle.poke(start + 1ms);
  CHECK(throttle.ring(awake));
  CHECK_FALSE(throttle.ring(awake));

  Backoff backoff(1s, 60s);
  backoff.failed(start);
  CHECK(backoff.ring(awake));
  CHECK_FALSE(backoff.ring(awake));
  CHECK(backoff.failures() == 1);

  GroupCommit commit;
  commit.poke(start);
  CHECK(commit.ring(awake));
  CHECK_FALSE(commit.ring(awake));
  commit.done(true, awake);
  CHECK_FALSE(commit.due());

  Leases leases;
  leases.grant(load_in_progress, "/a", 1, 10s, start);
  leases.grant(load_in_progress, "/b", 1, 24h, start);
  CHECK(leases.ring(awake).size() == 1);
  CHECK(leases.ring(awake).empty());
  CHECK(leases.forbids_autosave("/b"));

  Heartbeat heartbeat(90s, start);
  heartbeat.expect(true);
  CHECK(heartbeat.missed(awake));
  heartbeat.beat(awake);
  CHECK_FALSE(heartbeat.missed(awake));
  CHECK(heartbeat.due() == awake + 90s);
}
