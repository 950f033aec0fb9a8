// One holder at a time; the lock ends with its object.
#include "os/lock.hpp"

#include "../catch.hpp"
#include "../scratch.hpp"

using namespace kra;

TEST_CASE("a lock has one holder") {
  Scratch scratch;
  auto path = scratch / "lock";
  {
    auto held = Lock::take(path, Patience::of(Milliseconds(0)));
    REQUIRE(held.ok());
    CHECK_FALSE(Lock::try_take(path)->has_value());
    auto second = Lock::take(path, Patience::of(Milliseconds(5)));
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().fault == Fault::busy);
    CHECK(second.error().what.find("process ") != std::string::npos);
  }
  CHECK(Lock::try_take(path)->has_value());
}
