#include "os/command.hpp"

#include <stdlib.h>

#include <fstream>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"

using namespace kra;

static Patience soon() { return Patience::of(Milliseconds(10'000)); }

TEST_CASE("a command gives its output, errors and status") {
  auto outcome = run({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}}, soon());
  REQUIRE(outcome);
  CHECK(outcome->output == "out\n");
  CHECK(outcome->errors == "err\n");
  CHECK(outcome->status == 3);
}

TEST_CASE("a signal is 128 and its number") {
  auto outcome = run({.argv = {"sh", "-c", "kill -TERM $$"}}, soon());
  REQUIRE(outcome);
  CHECK(outcome->status == 128 + 15);
}

TEST_CASE("words reach the program as they are") {
  auto outcome = run({.argv = {"printf", "%s|", "$(id)", "a b", "'", ""}}, soon());
  REQUIRE(outcome);
  CHECK(outcome->output == "$(id)|a b|'||");
}

TEST_CASE("input of any size goes in while output comes out") {
  const std::string input(3U << 20, 'x');
  auto outcome = run({.argv = {"cat"}, .input = input}, soon());
  REQUIRE(outcome);
  CHECK(outcome->output == input);
}

TEST_CASE("a program that does not read its input does no harm") {
  auto outcome = run({.argv = {"true"}, .input = std::string(1U << 20, 'x')}, soon());
  REQUIRE(outcome);
  CHECK(outcome->status == 0);
}

TEST_CASE("the environment is ours, less and more") {
  ::setenv("KRA_TEST_GONE", "1", 1);
  ::setenv("KRA_TEST_CHANGED", "old", 1);
  auto outcome = run({.argv = {"sh", "-c", "echo ${KRA_TEST_GONE-none} $KRA_TEST_CHANGED; pwd"},
                      .environment = {"KRA_TEST_CHANGED=new"},
                      .unset = {"KRA_TEST_GONE"},
                      .directory = "/"},
                     soon());
  REQUIRE(outcome);
  CHECK(outcome->output == "none new\n/\n");
}

TEST_CASE("too little patience, too much output, no program") {
  CHECK(run({.argv = {"sleep", "60"}}, Patience::of(Milliseconds(50))).error().fault == Fault::timed_out);
  CHECK(run({.argv = {"yes"}, .output_limit = 1000}, soon()).error().fault == Fault::refused);
  CHECK(run({.argv = {"/nowhere/program"}}, soon()).error().fault == Fault::not_found);
}

TEST_CASE("something else is done while a program works") {
  // It ends only when that is done.
  Scratch scratch;
  const auto said = scratch / "said";
  int done = 0;
  auto outcome = run({.argv = {"sh", "-c", cat("echo before; until [ -e ", said, " ]; do sleep 0.01; done; echo after")}}, soon(), [&] { ++done, std::ofstream(said) << ""; });
  REQUIRE(outcome);
  CHECK(outcome->output == "before\nafter\n");
  CHECK(done == 1);
  // One that ended in time is not late because of what was done meanwhile.
  outcome = run({.argv = {"true"}}, Patience::of(Milliseconds(200)), [] { (void)run({.argv = {"sleep", "0.5"}}, soon()); });
  REQUIRE(outcome);
  CHECK(outcome->status == 0);
  CHECK(run({.argv = {"/nowhere/program"}}, soon(), [&] { ++done; }).error().fault == Fault::not_found);
  CHECK(done == 1);
}

TEST_CASE("a grandchild that keeps the streams open is not waited for") {
  const auto before = Clock::now();
  auto outcome = run({.argv = {"sh", "-c", "echo done; sleep 20 &"}}, soon());
  REQUIRE(outcome);
  CHECK(outcome->output == "done\n");
  CHECK(Clock::now() - before < std::chrono::seconds(5));
}

TEST_CASE("a child has none of our descriptors") {
  Fd ours(::dup(0));
  auto outcome = run({.argv = {"sh", "-c", "ls /proc/self/fd"}}, soon());
  REQUIRE(outcome);
  CHECK(outcome->output == "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}
