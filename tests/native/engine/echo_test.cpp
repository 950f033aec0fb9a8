// Own writes and those of others, told apart by content.
#include "engine/echo.hpp"

#include <random>
#include <string>

#include "../catch.hpp"

using namespace kra;
using namespace std::chrono_literals;

static const Instant start = Instant() + 1h;

TEST_CASE("a claimed write is its writer's, once, whenever it arrives") {
  Echo echo;
  CHECK_FALSE(echo.judge("f", "h1", 5, echo.now()).claimed);
  echo.claim(7, "f", "h1", 5, start);
  CHECK_FALSE(echo.judge("g", "h1", 5, echo.now()).claimed);
  CHECK_FALSE(echo.judge("f", "h2", 5, echo.now()).claimed);
  CHECK_FALSE(echo.judge("f", "h1", 6, echo.now()).claimed);
  auto mine = echo.judge("f", "h1", 5, echo.now());
  CHECK(mine.claimed);
  CHECK(mine.writer == 7);
  // The same bytes again are somebody's who brought them back.
  CHECK_FALSE(echo.judge("f", "h1", 5, echo.now()).claimed);
}

TEST_CASE("a claim that was written over is over") {
  Echo echo;
  echo.claim(7, "f", "h1", 5, start);
  echo.done(7, "f", "h1");
  CHECK_FALSE(echo.judge("f", "other", 5, echo.now()).claimed);
  CHECK_FALSE(echo.judge("f", "h1", 5, echo.now()).claimed);
  // One that is not known to be written may still come.
  echo.claim(7, "f", "h2", 5, start);
  CHECK_FALSE(echo.judge("f", "other", 5, echo.now()).claimed);
  CHECK(echo.judge("f", "h2", 5, echo.now()).claimed);
}

TEST_CASE("the same bytes claimed twice with others between") {
  Echo echo;
  for (const char* hash : {"h1", "h2", "h1"}) echo.claim(7, "f", hash, 5, start);
  SECTION("seen one after the other") {
    CHECK(echo.judge("f", "h1", 5, echo.now()).claimed);
    CHECK(echo.judge("f", "h2", 5, echo.now()).claimed);
    CHECK(echo.judge("f", "h1", 5, echo.now()).claimed);
    CHECK_FALSE(echo.judge("f", "h2", 5, echo.now()).claimed);
  }
  SECTION("seen when all is done") {
    for (const char* hash : {"h1", "h2", "h1"}) echo.done(7, "f", hash);
    CHECK(echo.judge("f", "h1", 5, echo.now()).claimed);
    CHECK_FALSE(echo.judge("f", "h2", 5, echo.now()).claimed);
    CHECK_FALSE(echo.judge("f", "h1", 5, echo.now()).claimed);
  }
}

TEST_CASE("claims end with their writer, their withdrawal and their age") {
  Echo echo;
  echo.claim(1, "f", "h", 5, start);
  echo.claim(2, "f", "h", 5, start);
  echo.drop_writer(1);
  CHECK(echo.judge("f", "h", 5, echo.now()).writer == 2);
  echo.claim(2, "f", "h", 5, start);
  echo.withdraw(2, "f", "h");
  CHECK_FALSE(echo.judge("f", "h", 5, echo.now()).claimed);
  echo.claim(2, "f", "h", 5, start);
  echo.claim(2, "g", "h", 5, start + 11min);
  CHECK_FALSE(echo.judge("f", "h", 5, echo.now()).claimed);
  for (std::size_t count = 0; count < 2 * Echo::most; ++count) echo.claim(3, "many" + std::to_string(count), "h", 5, start + 11min);
  CHECK(echo.size() == Echo::most);
  CHECK_FALSE(echo.judge("many0", "h", 5, echo.now()).claimed);
}

// 10,000 own saves mixed with 1,000 of others, equal in size, seen in batches: no echo, none missed.
TEST_CASE("own saves and those of others, mixed at random") {
  unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Echo echo;
  std::string known = "0", on_disk = "0";  // what the editor has, what the file has
  bool last_is_own = true;
  int echoes = 0, missed = 0, told = 0;
  for (int save = 0; save < 11'000; ++save) {
    last_is_own = random() % 11 != 0;
    // A few contents only, so that the same bytes are written by both and again and again.
    on_disk = "content " + std::to_string(random() % 50);
    if (last_is_own) {
      echo.claim(1, "f", on_disk, 9, start);
      if (random() % 2 == 0) known = on_disk;
      echo.done(1, "f", on_disk);
      known = on_disk;
    }
    if (random() % 3 != 0) continue;  // not looked at before the next one
    auto claimed = echo.judge("f", on_disk, 9, echo.now()).claimed;
    bool tells = !claimed && on_disk != known;
    told += tells;
    echoes += tells && last_is_own;
    missed += !tells && on_disk != known;
    known = on_disk;
  }
  CHECK(told > 100);
  CHECK(echoes == 0);
  CHECK(missed == 0);
}
