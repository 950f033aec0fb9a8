#include "os/conversation.hpp"

#include "base/text.hpp"
#include "tests/native/catch.hpp"

namespace kra {
namespace {

Patience soon() { return Patience::of(Milliseconds(10'000)); }

TEST_CASE("a program is asked more than once") {
  auto shell = Conversation::start({.argv = {"sh", "-c", "while read -r line; do printf '%s!\\n' \"$line\"; done"}});
  REQUIRE(shell);
  for (const auto* word : {"one", "two"}) {
    REQUIRE(shell->say(std::string(word) + "\n", soon()));
    CHECK(shell->line(soon()).value_or("") == cat(word, "!"));
  }
  CHECK(shell->end(soon()).value_or(-1) == 0);
}

TEST_CASE("neither side of a conversation waits for the other") {
  auto echo = Conversation::start({.argv = {"cat"}});
  REQUIRE(echo);
  const std::string much(8 << 20, 'x');
  REQUIRE(echo->say(much + "\nrest", soon()));
  CHECK(echo->bytes(much.size(), soon()).value_or("") == much);
  CHECK(echo->line(soon()).value_or("?").empty());
  CHECK(echo->bytes(4, soon()).value_or("") == "rest");
}

TEST_CASE("a conversation that ended says with which words") {
  auto gone = Conversation::start({.argv = {"sh", "-c", "read -r line; echo 'no such thing' >&2; exit 3"}});
  REQUIRE(gone);
  REQUIRE(gone->say("word\n", soon()));
  auto answer = gone->line(soon());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().what.find("no such thing") != std::string::npos);
  CHECK(gone->end(soon()).value_or(-1) == 3);
}

TEST_CASE("a conversation that says nothing is given up in time") {
  auto mute = Conversation::start({.argv = {"sleep", "60"}});
  REQUIRE(mute);
  auto answer = mute->line(Patience::of(Milliseconds(20)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().fault == Fault::timed_out);
}

}  // namespace
}  // namespace kra
