// Every step of what History does to the disk is once the last, and once the one that fails. Afterwards the newest acknowledged save, or
// the one that was being written, must be there.
#include "../catch.hpp"
#include "../os/fake_disk.hpp"
#include "base/text.hpp"
#include "engine/history.hpp"

using namespace kra;
using Trouble = FakeDisk::Trouble;
using Cut = FakeDisk::Cut;

namespace {

Workspace numbered(int number) {
  Workspace made;
  made.sessions.push_back({.name = cat("session ", number)});
  return made;
}

int number_in(const Workspace& workspace) {
  return static_cast<int>(*parse_int(std::string_view(workspace.sessions.at(0).name).substr(8)));
}

struct World {
  FakeDisk disk;
  History history{disk, "/state/workspaces/server", "/state/corrupt"};
  int acknowledged = 0;

  bool save(const std::string& name, int number) {
    auto written = history.write(name, numbered(number), {.saved_at = number}, Patience::of(Milliseconds(0)));
    if (written) acknowledged = number;
    return written.ok();
  }
};

constexpr Cut cuts[] = {Cut::kill, Cut::power, Cut::power_flushed};

// Runs `act` once for each of its steps and each way to stop; `check` sees what a new History finds.
template <class Act, class Check>
int stop_everywhere(Trouble trouble, Act act, Check check) {
  int points = 0;
  for (auto cut : cuts)
    for (int step = 0;; ++step) {
      World world;
      for (int number = 1; number <= 2; ++number) REQUIRE(world.save("work", number));
      world.disk.plan(trouble, step);
      act(world);
      if (world.disk.steps() <= step) break;
      world.disk.revive(cut);
      History after(world.disk, "/state/workspaces/server", "/state/corrupt");
      INFO("step " << step << ", cut " << static_cast<int>(cut));
      check(world, after);
      ++points;
    }
  return points;
}

}  // namespace

TEST_CASE("a save that is stopped anywhere leaves the last or the next") {
  for (auto trouble : {Trouble::crash, Trouble::fails_once, Trouble::fails_from_now}) {
    auto act = [](World& world) {
      for (int number = 3; number <= 5; ++number) world.save("work", number);
    };
    int points = stop_everywhere(trouble, act, [](World& world, History& after) {
      auto newest = after.newest("work");
      REQUIRE(newest.ok());
      int number = number_in(newest->workspace);
      CHECK(number >= world.acknowledged);
      CHECK(number <= 5);
      CHECK(after.take_findings().empty());
    });
    CHECK(points >= 3 * 15);
  }
}

TEST_CASE("the very first save is there once it is acknowledged, wherever an earlier try was stopped") {
  int points = 0;
  for (int step = 0;; ++step) {
    World world;
    world.disk.plan(Trouble::crash, step);
    world.save("work", 1);
    if (!world.disk.crashed()) break;
    world.disk.revive(Cut::kill);
    World next;
    History history(world.disk, "/state/workspaces/server", "/state/corrupt");
    REQUIRE(history.write("work", numbered(1), {}, Patience::of(Milliseconds(0))).ok());
    world.disk.revive(Cut::power);
    INFO("step " << step);
    REQUIRE(history.newest("work").ok());
    CHECK(*history.names() == std::vector<std::string>{"work"});
    ++points;
  }
  CHECK(points >= 15);
}

TEST_CASE("a rename that is stopped anywhere leaves the save under one of its names") {
  auto act = [](World& world) { (void)world.history.rename("work", "play"); };
  int points = stop_everywhere(Trouble::crash, act, [](World&, History& after) {
    auto names = *after.names();
    REQUIRE(names.size() == 1);
    REQUIRE((names[0] == "work" || names[0] == "play"));
    CHECK(number_in(after.newest(names[0])->workspace) == 2);
    CHECK(after.write(names[0], numbered(3), {}, Patience::of(Milliseconds(0))).ok());
    CHECK(after.log(names[0])->size() == 3);
  });
  CHECK(points >= 3 * 5);
}

TEST_CASE("a removal that is stopped anywhere leaves all of the save or nothing") {
  auto act = [](World& world) { (void)world.history.remove("work"); };
  int points = stop_everywhere(Trouble::crash, act, [](World&, History& after) {
    auto names = *after.names();
    if (!names.empty()) CHECK(after.log("work")->size() == 2);
    CHECK(after.write("work", numbered(3), {}, Patience::of(Milliseconds(0))).ok());
    CHECK(number_in(after.newest("work")->workspace) == 3);
  });
  CHECK(points >= 3 * 3);
}

TEST_CASE("putting a damaged save aside that is stopped anywhere loses neither it nor the one before") {
  auto act = [](World& world) {
    auto file = cat("/state/workspaces/server/", directory_name("work"), "/00000002.kra");
    // The damage is done outside the count.
    if (auto bytes = world.disk.read(file, stored_limit)) {
      bytes->back() = static_cast<char>(bytes->back() ^ 1);
      (void)world.disk.replace(file, *bytes);
    }
    (void)world.history.newest("work");
  };
  int points = stop_everywhere(Trouble::crash, act, [](World&, History& after) {
    auto newest = after.newest("work");
    REQUIRE(newest.ok());
    CHECK(number_in(newest->workspace) >= 1);
    CHECK(after.write("work", numbered(3), {}, Patience::of(Milliseconds(0)))->generation == 3);
  });
  CHECK(points >= 3 * 5);
}
