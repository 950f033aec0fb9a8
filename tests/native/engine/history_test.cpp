// Saves and their generations on a real disk.
#include "engine/history.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/checksum.hpp"
#include "base/text.hpp"

using namespace kra;
using Names = std::vector<std::string>;

namespace {

constexpr std::int64_t hour = 3'600'000;

Workspace workspace(const std::string& session, int panes = 1) {
  Workspace made;
  made.host = "here";
  made.sessions.push_back({.name = session, .windows = {{.name = "w", .layout = "abcd,80x24,0,0,1"}}});
  for (int i = 0; i < panes; ++i) made.sessions[0].windows[0].panes.push_back({.index = i, .cwd = "/tmp", .argv = {"vi", "a b;\n\xff"}});
  made.editors.push_back({.id = "e", .state = Value(Value::Array{Value(1), Value("x"), Value(2.5)})});
  return made;
}

struct World {
  Scratch scratch;
  SystemDisk disk;
  std::string directory = scratch / "state/workspaces/server";
  std::string corrupt = scratch / "state/corrupt";
  History history{disk, directory, corrupt};

  History::Written save(const std::string& name, const Workspace& what, std::int64_t at = 0) {
    auto written = history.write(name, what, {.saved_at = at, .reason = "manual"}, Patience::of(Milliseconds(1000)));
    REQUIRE(written.ok());
    return *written;
  }
  std::string file(const std::string& name, std::uint64_t generation, const std::string& ending = ".kra") {
    return cat(directory, "/", directory_name(name), "/", generation_name(generation), ending);
  }
  void damage(const std::string& name, std::uint64_t generation) {
    auto bytes = *disk.read(file(name, generation), stored_limit);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    REQUIRE(disk.replace(file(name, generation), bytes).ok());
  }
};

}  // namespace

TEST_CASE("a save comes back equal, counted and stamped") {
  World world;
  auto before = workspace("a;#(touch x)\xff", 3);
  CHECK(world.save("work", before, 5).generation == 1);
  auto loaded = world.history.newest("work");
  REQUIRE(loaded.ok());
  CHECK(loaded->workspace == before);
  CHECK(loaded->stamp == Stamp{.generation = 1, .saved_at = 5, .reason = "manual"});
  auto log = world.history.log("work");
  REQUIRE(log.ok());
  REQUIRE(log->size() == 1);
  CHECK(log->front().counts == Counts{1, 1, 3, 1});
  CHECK(log->front().bytes == world.disk.info(world.file("work", 1))->size);
}

TEST_CASE("an equal workspace writes nothing, another one a generation") {
  World world;
  world.save("work", workspace("a"));
  auto again = world.save("work", workspace("a"), 7);
  CHECK_FALSE(again.changed);
  CHECK(again.generation == 1);
  CHECK(world.save("work", workspace("b")).generation == 2);
  CHECK(world.save("work", workspace("a")).generation == 3);
  CHECK(world.history.log("work")->size() == 3);
  CHECK(world.history.latest("work")->stamp.generation == 3);
  CHECK(world.history.latest("none").error().fault == Fault::not_found);
}

TEST_CASE("a damaged newest is put aside once, told once, and its number is not used again") {
  World world;
  world.save("work", workspace("a"));
  world.save("work", workspace("b"));
  world.damage("work", 2);
  auto loaded = world.history.newest("work");
  REQUIRE(loaded.ok());
  CHECK(loaded->workspace == workspace("a"));
  auto findings = world.history.take_findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].generation == 2);
  CHECK(findings[0].trouble.find("damaged in the body; put aside as ") == 0);
  CHECK(world.disk.list(world.corrupt)->size() == 1);
  CHECK(world.history.newest("work").ok());
  CHECK(world.history.take_findings().empty());
  CHECK(world.save("work", workspace("c")).generation == 3);
}

TEST_CASE("a save without sessions after some is refused, and never believed") {
  World world;
  world.save("work", workspace("a"));
  auto refused = world.history.write("work", {}, {}, Patience::of(Milliseconds(1000)));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().fault == Fault::refused);
  auto file = serialise({{.generation = 2}, {}});
  REQUIRE(world.disk.create(world.file("work", 2), *file).ok());
  CHECK(world.history.newest("work")->stamp.generation == 1);
  CHECK(world.history.take_findings().size() == 1);
}

TEST_CASE("nothing is written on top of a newer kra's") {
  World world;
  world.save("work", workspace("a"));
  auto bytes = *world.disk.read(world.file("work", 1), stored_limit);
  bytes[9] = static_cast<char>(stored_version + 1);
  auto sum = crc32c(bytes.substr(0, 32));
  for (int at = 0; at < 4; ++at) bytes[32 + at] = static_cast<char>(sum >> (24 - 8 * at) & 0xff);
  REQUIRE(world.disk.create(world.file("work", 2), bytes).ok());
  for (const auto& next : {workspace("a"), workspace("b"), Workspace{}}) {
    auto written = world.history.write("work", next, {}, Patience::of(Milliseconds(1000)));
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().fault == Fault::refused);
    CHECK(written.error().what.find("newer kra") != std::string::npos);
  }
  CHECK_FALSE(world.disk.info(world.file("work", 3)).ok());
  CHECK(world.disk.info(world.file("work", 2)).ok());
  CHECK(world.save("other", workspace("b")).generation == 1);
}

TEST_CASE("a file under another's number is damage") {
  World world;
  world.save("work", workspace("a"));
  auto bytes = *world.disk.read(world.file("work", 1), stored_limit);
  REQUIRE(world.disk.create(world.file("work", 9), bytes).ok());
  CHECK(world.history.load("work", 9).error().fault == Fault::corrupt);
  CHECK(world.history.newest("work")->stamp.generation == 1);
}

TEST_CASE("the newest is that of the highest number, whatever the clock said") {
  World world;
  constexpr std::int64_t now = 20'000 * 24 * hour;
  std::int64_t at = now;
  for (auto step : {24 * hour, -48 * hour, hour}) {
    world.save("work", workspace(cat("s", at)), at);
    at += step;
  }
  auto newest = world.history.newest("work");
  REQUIRE(newest.ok());
  CHECK(newest->stamp.generation == 3);
  CHECK(newest->stamp.saved_at == now - 24 * hour);
  // None of them is too old for a clock that is wrong by a day.
  REQUIRE(world.history.thin("work", {Milliseconds(24 * hour), Milliseconds(7 * 24 * hour), Milliseconds(30 * 24 * hour)}, {now + 24 * hour}).ok());
  CHECK(world.history.log("work")->size() >= 2);
  CHECK(world.history.newest("work")->stamp.generation == 3);
}

TEST_CASE("references mean a name, a number or a time") {
  World world;
  WallTime now{1'700'000'000'000};
  for (int i = 1; i <= 4; ++i) world.save("work", workspace(cat("s", i)), now.ms - (5 - i) * hour);
  auto found = [&](const char* text) { return world.history.find(*parse_reference(text), now); };
  CHECK(found("work")->stamp.generation == 4);
  CHECK(found("work@2")->stamp.generation == 2);
  CHECK(found("work@150m")->stamp.generation == 2);
  CHECK(found("work@2h")->stamp.generation == 3);
  CHECK(found("work@1d").error().fault == Fault::not_found);
  CHECK(found("work@9").error().what == "'work' has no generation 9; it has 4 from 1 to 4");
  CHECK(found("work@soon").error().fault == Fault::usage);
  CHECK(found("wrok").error().what == "no save called wrok; did you mean work?");
  CHECK(found("").error().fault == Fault::not_found);
  REQUIRE(world.history.set_current("work").ok());
  CHECK(found("")->stamp.generation == 4);
  CHECK(found("@1")->stamp.generation == 1);
  CHECK_FALSE(parse_reference("work@").ok());
  CHECK_FALSE(parse_reference("a/b").ok());
}

namespace {

// Right after `seen` has been read, `thinned` goes, as when somebody else thins.
class ThinningDisk : public SystemDisk {
 public:
  std::string seen, thinned;
  Result<std::string> read_front(const std::string& path, std::uint64_t bytes) override {
    auto front = SystemDisk::read_front(path, bytes);
    if (path == seen) REQUIRE(SystemDisk::remove(thinned).ok());
    return front;
  }
};

}  // namespace

TEST_CASE("a generation that is thinned out while it is looked for gives the one before it") {
  World world;
  WallTime now{1'700'000'000'000};
  for (int i = 1; i <= 4; ++i) world.save("work", workspace(cat("s", i)), now.ms - (5 - i) * hour);
  ThinningDisk disk;
  disk.seen = world.file("work", 1), disk.thinned = world.file("work", 2);
  History history(disk, world.directory, world.corrupt);
  auto found = history.find(*parse_reference("work@150m"), now);
  REQUIRE(found.ok());
  CHECK(found->stamp.generation == 1);
  CHECK(found->workspace.sessions[0].name == "s1");
  CHECK(history.take_findings().empty());
}

TEST_CASE("names may hold what the contract allows and stay apart") {
  World world;
  Names names{"a b", "a_b", "a;b", "\xc3\xa4", std::string(64, 'x')};
  for (const auto& name : names) world.save(name, workspace(name));
  std::sort(names.begin(), names.end());
  CHECK(*world.history.names() == names);
  for (const auto& name : names) CHECK(world.history.newest(name)->workspace == workspace(name));
}

TEST_CASE("renaming takes the history and the current name along") {
  World world;
  world.save("a", workspace("1"));
  world.save("a", workspace("2"));
  world.save("b", workspace("3"));
  REQUIRE(world.history.set_current("a").ok());
  CHECK(world.history.rename("a", "b").error().fault == Fault::conflict);
  CHECK(world.history.rename("none", "c").error().fault == Fault::not_found);
  REQUIRE(world.history.rename("a", "c").ok());
  CHECK(*world.history.names() == Names{"b", "c"});
  CHECK(*world.history.current_name() == "c");
  CHECK(world.save("c", workspace("4")).generation == 3);
  CHECK(world.history.newest("a").error().fault == Fault::not_found);
}

TEST_CASE("a rename that was cut short is finished by whoever comes next") {
  World world;
  world.save("a", workspace("1"));
  REQUIRE(world.disk.replace(world.directory + "/" + directory_name("a") + "/name", "b").ok());
  CHECK(*world.history.names() == Names{"b"});
  SECTION("a reader of the new name") { CHECK(world.history.newest("b")->workspace == workspace("1")); }
  SECTION("a writer of the new name") { CHECK(world.save("b", workspace("2")).generation == 2); }
  SECTION("a writer of the old name") {
    CHECK(world.save("a", workspace("2")).generation == 1);
    CHECK(*world.history.names() == Names{"a", "b"});
  }
}

TEST_CASE("a removed save is gone, and default is current") {
  World world;
  CHECK(*world.history.current_name() == "default");
  world.save("a", workspace("1"));
  REQUIRE(world.history.set_current("a").ok());
  REQUIRE(world.history.remove("a").ok());
  CHECK(world.history.names()->empty());
  CHECK(*world.history.current_name() == "default");
  CHECK(world.history.remove("a").error().fault == Fault::not_found);
  CHECK(world.save("a", workspace("1")).generation == 1);
}

TEST_CASE("thinning spares what was kept and restored from") {
  World world;
  for (int i = 1; i <= 60; ++i) world.save("a", workspace(cat(i)), i * hour * 24);
  REQUIRE(world.history.keep("a", 1).ok());
  REQUIRE(world.history.keep("a", 1).ok());
  REQUIRE(world.history.mark_restored_from("a", 2).ok());
  CHECK(world.history.keep("a", 99).error().fault == Fault::not_found);
  CHECK(*world.history.thin("a", {}, {60 * hour * 24}) == 27);
  auto log = *world.history.log("a");
  CHECK(log.size() == 33);
  CHECK(log.back().kept);
  CHECK(log[log.size() - 2].restored_from);
  CHECK(world.history.load("a", 3).error().fault == Fault::not_found);
}

TEST_CASE("thinning finishes a rename that was cut short, and does not wait for itself") {
  World world;
  world.save("a", workspace("a"));
  REQUIRE(world.disk.replace(cat(world.directory, "/", directory_name("a"), "/name"), "b").ok());
  CHECK(world.history.thin("b", {}, {}).ok());
  CHECK(world.history.log("b")->size() == 1);
}

TEST_CASE("verify names every generation and changes nothing") {
  World world;
  for (int i = 1; i <= 3; ++i) world.save("a", workspace(cat(i)));
  world.damage("a", 2);
  auto findings = *world.history.verify("a");
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].trouble.empty());
  CHECK(findings[1].trouble == "damaged in the body");
  CHECK(world.history.log("a")->size() == 3);
  CHECK(world.history.verify("none").error().fault == Fault::not_found);
}

TEST_CASE("what a dead writer left is tidied up") {
  World world;
  world.save("a", workspace("1"));
  auto stale = cat(world.directory, "/", directory_name("a"), "/.tmp.0123456789abcdef");
  REQUIRE(world.disk.replace(stale, "half").ok());
  REQUIRE(world.disk.replace(world.directory + "/.tmp.1", "half").ok());
  world.save("a", workspace("2"));
  CHECK_FALSE(world.disk.info(stale).ok());
  CHECK_FALSE(world.disk.info(world.directory + "/.tmp.1").ok());
}

TEST_CASE("more than can be read back is not written") {
  World world;
  Value deep(1);
  for (int i = 0; i < 40; ++i) deep = Value(Value::Array{deep});
  auto too_deep = workspace("a");
  too_deep.editors[0].state = deep;
  auto written = world.history.write("a", too_deep, {}, Patience::of(Milliseconds(1000)));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().fault == Fault::refused);
  auto chatty = world.history.write("a", workspace("a"), {.message = std::string(20'000, 'x')}, Patience::of(Milliseconds(1000)));
  REQUIRE_FALSE(chatty.ok());
  CHECK(world.history.names()->empty());
}

TEST_CASE("a writer waits for another and says who holds the lock") {
  World world;
  world.save("a", workspace("1"));
  auto held = world.disk.lock(world.directory + "/lock", Patience::of(Milliseconds(0)));
  REQUIRE(held.ok());
  auto written = world.history.write("a", workspace("2"), {}, Patience::of(Milliseconds(20)));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().fault == Fault::busy);
  CHECK(world.history.newest("a").ok());
}

// Runs in a process of its own; what it returns is its exit status.
template <class Work>
static pid_t beside(Work work) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}

TEST_CASE("writers in several processes lose nothing to each other, and a reader always finds a save") {
  constexpr int writers = 4, saves = 15;
  World world;
  world.save("work", workspace("first"));
  std::vector<pid_t> children;
  for (int writer = 0; writer < writers; ++writer)
    children.push_back(beside([&, writer] {
      SystemDisk disk;
      int failed = 0;
      for (int i = 0; i < saves; ++i) {
        History history(disk, world.directory, world.corrupt);
        failed += !history.write("work", workspace(cat(writer, " ", i)), {}, Patience::of(Milliseconds(30'000)));
      }
      return failed;
    }));
  children.push_back(beside([&] {
    SystemDisk disk;
    int failed = 0;
    for (int i = 0; i < 200; ++i) failed += !History(disk, world.directory, world.corrupt).newest("work");
    return failed;
  }));
  for (auto child : children) {
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  auto findings = *world.history.verify("work");
  CHECK(findings.size() == 1 + writers * saves);
  for (const auto& finding : findings) CHECK(finding.trouble.empty());
}
