// The ways in which a person names a moment.
#include "base/clock.hpp"

#include "../catch.hpp"

using namespace kra;

TEST_CASE("moments") {
  WallTime now{1'700'000'000'000};
  CHECK(parse_when("2h", now)->ms == now.ms - 7'200'000);
  CHECK(parse_when(rfc3339(now), now) == now);
  CHECK(parse_when("2023-11-14T22:13:20Z", now)->ms == 1'700'000'000'000);
  CHECK(parse_when("yesterday", now)->ms < now.ms);
  CHECK(parse_when("monday", now)->ms <= now.ms);
  for (const char* bad : {"", "2", "h", "2 fortnights", "someday", "2023-99"}) CHECK_FALSE(parse_when(bad, now));
}
