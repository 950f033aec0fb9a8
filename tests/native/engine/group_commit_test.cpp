// Synced soon, at most once a second, never without need; who owes a beat, and who does not.
#include "engine/group_commit.hpp"

#include "../catch.hpp"
#include "engine/backoff.hpp"
#include "engine/heartbeat.hpp"

using namespace kra;

static Instant at(int ms) { return Instant(Milliseconds(ms)); }

TEST_CASE("nothing added is nothing to sync") {
  GroupCommit commit;
  CHECK_FALSE(commit.due());
  CHECK_FALSE(commit.pending());
  CHECK_FALSE(commit.ring(at(1'000'000)));
  commit.hurry(at(5));
  CHECK_FALSE(commit.due());
}

TEST_CASE("the first is synced soon, the next a second later at the earliest, unless somebody waits") {
  GroupCommit commit;
  commit.poke(at(0));
  commit.poke(at(100));
  CHECK(commit.due() == at(200));
  CHECK_FALSE(commit.ring(at(199)));
  REQUIRE(commit.ring(at(200)));
  // While the disk works nothing is due, and what comes now belongs to the next one.
  commit.poke(at(210));
  CHECK_FALSE(commit.due());
  CHECK(commit.pending());
  commit.done(true, at(220));
  CHECK(commit.due() == at(1200));
  commit.hurry(at(300));
  CHECK(commit.due() == at(300));
  REQUIRE(commit.ring(at(300)));
  commit.done(true, at(310));
  CHECK_FALSE(commit.pending());
  CHECK_FALSE(commit.due());
}

TEST_CASE("what failed is tried again a second later") {
  GroupCommit commit;
  commit.poke(at(0));
  REQUIRE(commit.ring(at(200)));
  commit.done(false, at(250));
  CHECK(commit.pending());
  CHECK(commit.due() == at(1200));
}

TEST_CASE("only who holds something unsaved is waited for") {
  Heartbeat heartbeat(Milliseconds(100), at(0));
  CHECK_FALSE(heartbeat.due());
  CHECK_FALSE(heartbeat.missed(at(1'000'000)));
  heartbeat.expect(true);
  CHECK(heartbeat.due() == at(100));
  heartbeat.beat(at(90));
  CHECK(heartbeat.due() == at(190));
  CHECK_FALSE(heartbeat.missed(at(189)));
  CHECK(heartbeat.missed(at(190)));
  heartbeat.beat(at(500));
  CHECK_FALSE(heartbeat.missed(at(510)));
  heartbeat.retime(Milliseconds(10));
  CHECK(heartbeat.missed(at(510)));
  heartbeat.expect(false);
  CHECK_FALSE(heartbeat.missed(at(9999)));
}

TEST_CASE("retries are spread, and never come too early or too late") {
  for (double spread : {-1.0, 0.0, 0.5, 1.0, 2.0}) {
    Backoff backoff(Milliseconds(1000), Milliseconds(4000));
    for (int wait : {1000, 2000, 4000, 4000}) {
      backoff.failed(at(0), spread);
      CHECK(*backoff.due() <= at(wait));
      CHECK(*backoff.due() >= at(wait * 3 / 4));
      CHECK(backoff.ring(*backoff.due()));
    }
    backoff.retime(Milliseconds(10), Milliseconds(20));
    backoff.failed(at(0));
    CHECK(backoff.due() == at(20));
  }
}
