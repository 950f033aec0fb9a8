#include "engine/sync_swings.hpp"

#include "base/text.hpp"
#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("a file that goes back and forth is held the third time") {
  Swings swings;
  for (int n = 1; n <= 3; ++n) {
    swings.came("f", "A", "B");
    INFO(n);
    CHECK(swings.too_often("f", "B", "A") == (n == 3));
    CHECK(!swings.too_often("f", "B", "C"));
    CHECK(!swings.too_often("g", "B", "A"));
    if (n < 3) swings.went("f", "B", "A");
    swings = Swings::from_text(swings.text());
  }
  swings.forget("f");
  CHECK(!swings.too_often("f", "B", "A"));
}

TEST_CASE("an edit of somebody's ends it") {
  Swings swings;
  for (int n = 0; n < 2; ++n) swings.came("f", "A", "B"), swings.went("f", "B", "A");
  swings.came("f", "A", "C");
  CHECK(!swings.too_often("f", "C", "A"));
  swings.went("f", "C", "D");
  swings.came("f", "A", "B");
  CHECK(!swings.too_often("f", "B", "A"));
}

TEST_CASE("what is remembered is bounded, and damage forgets it") {
  Swings swings;
  for (int n = 0; n < 1500; ++n) swings.came(cat("f", n), "A", "B");
  CHECK(split(swings.text(), std::string_view("\0", 1)).size() == 2 * Swings::kept + 1);
  CHECK(Swings::from_text("f\0nonsense\0").text().empty());
  CHECK(Swings::from_text(std::string_view("f\0A B x 1\0", 10)).text().empty());
}
