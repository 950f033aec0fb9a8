// When a change counts, and as what. Nothing here sleeps.
#include "engine/settle.hpp"

#include "../catch.hpp"

using namespace kra;
using namespace std::chrono_literals;

namespace {

const Instant start = Instant() + 1h;

// "modify a", "rename a b": all that settles at that moment.
std::vector<std::string> told(Settle& settle, Instant now) {
  std::vector<std::string> lines;
  for (const auto& change : settle.ring(now))
    lines.push_back(std::string(name_of(change.kind)) + (change.from.empty() ? "" : " " + change.from) + " " + change.path);
  return lines;
}
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a closed file counts at once") {
  Settle settle;
  settle.touched("a", "", true, start);
  CHECK(told(settle, start) == Lines{});
  settle.closed("a", "", true, start + 1ms);
  CHECK(settle.due() == start + 1ms);
  CHECK(settle.unsettled("a"));
  CHECK(told(settle, start + 1ms) == Lines{"modify a"});
  CHECK_FALSE(settle.due());
  CHECK_FALSE(settle.unsettled("a"));
  settle.closed("b", "", false, start);
  CHECK(told(settle, start + 19ms) == Lines{});
  CHECK(told(settle, start + 20ms) == Lines{"create b"});
}

TEST_CASE("an open file counts after quiet, a steady writer's at the cap") {
  Settle settle;
  settle.touched("a", "", true, start);
  settle.touched("a", "", true, start + 40ms);
  CHECK(told(settle, start + 60ms) == Lines{});
  CHECK(told(settle, start + 90ms) == Lines{"modify a"});
  for (auto at = 100ms; at < 350ms; at += 10ms) {
    settle.touched("a", "", true, start + at);
    CHECK(told(settle, start + at) == Lines{});
  }
  CHECK(told(settle, start + 350ms) == Lines{"modify a"});
}

TEST_CASE("gone and there again is a modification, gone for longer a deletion") {
  Settle settle;
  settle.gone("a", "", start);
  settle.closed("a", "", false, start + 60ms);
  CHECK(told(settle, start + 60ms) == Lines{"modify a"});
  settle.gone("a", "", start + 200ms);
  CHECK(told(settle, start + 299ms) == Lines{});
  CHECK(told(settle, start + 300ms) == Lines{"delete a"});
  settle.closed("a", "", false, start + 301ms);
  CHECK(told(settle, start + 321ms) == Lines{"create a"});
}

TEST_CASE("what was made and deleted meanwhile was not there") {
  Settle settle;
  settle.touched("a", "", false, start);
  settle.gone("a", "", start + 10ms);
  CHECK(told(settle, start + 500ms) == Lines{});
  CHECK_FALSE(settle.due());
}

TEST_CASE("a file moved over another one is that one's modification, at once") {
  Settle settle;
  settle.touched("a.tmp", "", false, start);
  settle.closed("a.tmp", "", false, start);
  settle.moved("a.tmp", "a", "", true, start);
  CHECK(told(settle, start) == Lines{"modify a"});
  CHECK(told(settle, start + 200ms) == Lines{});
}

TEST_CASE("a temporary file that was told already still is only its new name") {
  Settle settle;
  settle.closed("n.tmp", "", false, start);
  CHECK(told(settle, start + 20ms) == Lines{"create n.tmp"});
  settle.moved("n.tmp", "n", "", false, start + 21ms);
  CHECK(told(settle, start + 41ms) == Lines{"create n"});
  CHECK(told(settle, start + 121ms) == Lines{"delete n.tmp"});
}

TEST_CASE("a file that somebody works with is renamed, however young") {
  Settle settle;
  settle.closed("a", "", false, start);
  CHECK(told(settle, start + 20ms) == Lines{"create a"});
  settle.in_use("a");
  settle.moved("a", "b", "", false, start + 21ms);
  CHECK(told(settle, start + 121ms) == Lines{"rename a b"});
  // Before anybody was told of it, too.
  settle.closed("c", "", false, start + 200ms);
  settle.in_use("c");
  settle.moved("c", "d", "", false, start + 205ms);
  CHECK(told(settle, start + 305ms) == Lines{"rename c d"});
}

TEST_CASE("a rename counts when the old name stays away") {
  Settle settle;
  settle.moved("a", "b", "", false, start);
  CHECK(told(settle, start + 99ms) == Lines{});
  CHECK(told(settle, start + 100ms) == Lines{"rename a b"});
  CHECK_FALSE(settle.due());
  // From name to name: one rename from the first.
  settle.moved("b", "c", "", false, start + 200ms);
  settle.moved("c", "d", "", false, start + 210ms);
  CHECK(told(settle, start + 310ms) == Lines{"rename b d"});
}

TEST_CASE("a backup that was moved aside is a new file, and the file a modification") {
  Settle settle;
  settle.moved("a", "a~", "", false, start);
  settle.closed("a", "", false, start + 5ms);
  CHECK(told(settle, start + 5ms) == Lines{"modify a", "create a~"});
  CHECK_FALSE(settle.due());
  settle.moved("a", "a~", "", true, start + 300ms);
  settle.closed("a", "", false, start + 301ms);
  CHECK(told(settle, start + 301ms) == Lines{"modify a", "modify a~"});
}

TEST_CASE("moved and then deleted: the old name is gone") {
  Settle settle;
  settle.moved("a", "b", "", false, start);
  settle.gone("b", "", start + 10ms);
  CHECK(told(settle, start + 110ms) == Lines{"delete a"});
}

TEST_CASE("while git holds its lock all of its root waits, two seconds at most") {
  Settle settle;
  settle.git("/r", true, start);
  settle.gone("/r/a", "/r", start);
  settle.closed("/r/b", "/r", true, start);
  settle.closed("/other/c", "/other", true, start);
  CHECK(settle.git_at_work("/r", start));
  CHECK(told(settle, start + 500ms) == Lines{"modify /other/c"});
  CHECK(settle.due() == start + 2s);
  settle.closed("/r/a", "/r", false, start + 1s);
  settle.git("/r", false, start + 1s);
  CHECK(told(settle, start + 1s) == Lines{"modify /r/a", "modify /r/b"});
  settle.git("/r", true, start + 3s);
  settle.closed("/r/a", "/r", true, start + 3s);
  settle.git("/r", true, start + 4s);
  CHECK(told(settle, start + 4s) == Lines{});
  CHECK(told(settle, start + 5s) == Lines{"modify /r/a"});
  CHECK_FALSE(settle.git_at_work("/r", start + 5s));
  // Nobody waits any longer, but it is still git that writes; not for ever.
  CHECK(settle.git_holds("/r", start + 5s));
  CHECK_FALSE(settle.git_holds("/r", start + 63s));
}
