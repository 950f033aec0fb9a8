// Watched directories on a real file system: what is told, laid over what was there, gives what is there.
#include "engine/watched_tree.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"

using namespace kra;
namespace fs = std::filesystem;

namespace {

using What = TreeEvent::What;
using Files = std::set<std::string>;

class World {
 public:
  explicit World(std::size_t budget = 100'000) : watch_(std::move(*DirectoryWatch::open())), tree(&watch_, disk_, budget, [this](const std::string& path) {
    return loaded.count(path) ? std::optional<bool>(fs::exists(path)) : std::nullopt;
  }) {
    fs::create_directories(root());
  }
  std::string root() const { return fs::canonical(scratch_.path()).string() + "/tree"; }
  std::string operator/(const std::string& name) const { return root() + "/" + name; }
  void write(const std::string& name, const std::string& text = "text") {
    fs::create_directories(fs::path(*this / name).parent_path());
    std::ofstream(*this / name, std::ios::binary) << text;
  }
  void repository(const std::string& name) {
    write(name + "/.git/HEAD", "ref: refs/heads/main\n");
    write(name + "/.git/config", "");
  }

  // Everything that the system has to tell, told.
  TreeEvents look() {
    TreeEvents events;
    for (;;) {
      tree.drain(events, Clock::now());
      while (tree.work(events, Clock::now() + std::chrono::seconds(60))) {
      }
      auto count = events.size();
      tree.drain(events, Clock::now());
      if (events.size() == count && !tree.working()) break;
    }
    return events;
  }
  // The same, and halves of moves given up.
  TreeEvents settle() {
    auto events = look();
    tree.ring(events, Clock::now() + std::chrono::seconds(60));
    for (auto more = look(); !more.empty(); more = look()) events.insert(events.end(), more.begin(), more.end());
    return events;
  }
  void ready() {
    tree.hold_root(root());
    look();
  }
  // "closed a/b": below the root.
  static std::string said(const World& world, const TreeEvent& event) {
    static constexpr const char* names[] = {"closed", "touched", "gone", "moved", "begins", "ends", "head", "returned"};
    auto below = [&](const std::string& path) { return path.empty() ? "" : " " + path.substr(world.root().size() + 1); };
    return names[static_cast<int>(event.what)] + below(event.from) + below(event.path);
  }
  // Without those of files that are still open.
  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const auto& event : settle())
      if (event.what != What::touched) lines.push_back(said(*this, event));
    return lines;
  }

  SystemDisk disk_;
  Scratch scratch_;
  DirectoryWatch watch_;
  std::set<std::string> loaded;
  WatchedTree tree;
};

Files on_disk(const std::string& root) {
  Files files;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator(); ++at) {
    if (at->path().filename() == ".git") at.disable_recursion_pending();
    else if (!at->is_directory()) files.insert(at->path().string());
  }
  return files;
}

void lay(Files& files, const TreeEvents& events) {
  for (const auto& event : events) {
    if (event.what == What::closed || event.what == What::touched) files.insert(event.path);
    if (event.what == What::gone) files.erase(event.path);
    if (event.what != What::moved) continue;
    files.erase(event.from);
    files.insert(event.path);
  }
}
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("what is there at first is not told, what changes is") {
  World world;
  world.write("a/b/c");
  world.ready();
  world.write("a/b/c", "other");
  CHECK(world.told() == Lines{"closed a/b/c"});
  world.write("a/new");
  fs::rename(world / "a/new", world / "a/b/c");
  CHECK(world.told() == Lines{"closed a/new", "moved a/new a/b/c"});
  fs::remove(world / "a/b/c");
  CHECK(world.told() == Lines{"gone a/b/c"});
  CHECK(world.tree.status().directories == 3);
}

TEST_CASE("files in new nested directories, moved in and renamed ones") {
  World world;
  world.write("../outside/x");
  world.ready();
  Files known;
  for (int count = 0; count < 300; ++count) {
    world.write(cat("n", count, "/b/c/file"));
    if (count % 3 == 0) lay(known, world.look());
  }
  for (int count = 0; count < 20; ++count) world.write(cat("../outside/f", count));
  fs::rename(world / "../outside", world / "in");
  lay(known, world.look());
  fs::rename(world / "n7", world / "seven");
  world.write("seven/b/c/late");
  lay(known, world.settle());
  CHECK(known.size() == 322);
  CHECK(known == on_disk(world.root()));
  fs::rename(world / "seven", world / "../outside");
  lay(known, world.settle());
  CHECK(known == on_disk(world.root()));
  world.write("../outside/b/c/file", "nobody's");
  CHECK(world.told() == Lines{});
}

TEST_CASE("ignored directories are not watched, loaded files are told wherever they are") {
  World world;
  world.repository("");
  world.write(".gitignore", "build/\n*.log\n");
  world.write("build/deep/out");
  world.write("build/deep/loaded");
  world.ready();
  CHECK(world.tree.status().directories == 1);
  world.loaded.insert(world / "build/deep/loaded");
  world.tree.hold_directory(world / "build/deep");
  world.write("build/deep/out", "new");
  world.write("a.log");
  CHECK(world.told() == Lines{});
  world.write("build/deep/loaded", "new");
  CHECK(world.told() == Lines{"closed build/deep/loaded"});
  world.tree.release_directory(world / "build/deep");
  CHECK(world.tree.status().directories == 1);
  // Other rules: what counts now is watched, and what does not is not.
  world.write(".gitignore", "*.c\n");
  CHECK(world.told() == Lines{"closed .gitignore"});
  CHECK(world.tree.status().directories == 3);
  world.write("build/deep/out", "newer");
  world.write("x.c");
  CHECK(world.told() == Lines{"closed build/deep/out"});
}

TEST_CASE("a repository inside has rules and a name of its own") {
  World world;
  world.repository("");
  world.write(".gitignore", "*.x\n");
  world.repository("sub");
  world.write("sub/.gitignore", "*.y\n");
  world.write("sub/deep/file");
  world.ready();
  world.write("sub/deep/a.x");
  world.write("sub/deep/a.y");
  world.write("b.x");
  world.write("b.y");
  auto events = world.settle();
  events.erase(std::remove_if(events.begin(), events.end(), [](const TreeEvent& event) { return event.what != What::closed; }), events.end());
  REQUIRE(events.size() == 2);
  CHECK(events[0].path == world / "sub/deep/a.x");
  CHECK(events[0].root == world / "sub");
  CHECK(events[1].path == world / "b.y");
  CHECK(events[1].root == world.root());
  std::ofstream(world / "sub/.git/index.lock") << "";
  fs::rename(world / "sub/.git/index.lock", world / "sub/.git/index");
  auto git = world.settle();
  CHECK(std::all_of(git.begin(), git.end(), [&](const TreeEvent& event) { return event.root == world / "sub"; }));
  // However quick it was.
  REQUIRE(git.size() >= 2);
  CHECK(git.front().what == What::git_begins);
  CHECK(git.back().what == What::git_ends);
  std::ofstream(world / ".git/index.lock") << "";
  git = world.look();
  REQUIRE(git.size() == 1);
  CHECK(git[0].what == What::git_begins);
  fs::remove(world / ".git/index.lock");
  CHECK(world.look().back().what == What::git_ends);
}

TEST_CASE("above the limit only directories of loaded files are watched") {
  World world(10);
  for (int count = 0; count < 20; ++count) world.write(cat("d", count, "/file"));
  world.tree.hold_directory(world / "d3");
  world.loaded.insert(world / "d3/file");
  world.ready();
  auto status = world.tree.status();
  CHECK(status.limited == std::vector<std::string>{world.root()});
  CHECK(status.directories <= 2);
  world.write("d3/file", "new");
  world.write("d4/file", "new");
  CHECK(world.told() == Lines{"closed d3/file"});
}

TEST_CASE("a root that goes and comes back") {
  World world;
  world.write("a/file");
  world.ready();
  fs::remove_all(world.root());
  CHECK(world.told() == Lines{"gone a/file"});
  CHECK(world.tree.status().absent == Lines{world.root()});
  world.write("a/file");
  world.write("b");
  TreeEvents events;
  world.tree.ring(events, Clock::now() + std::chrono::hours(1));
  CHECK(world.told() == Lines{"closed b", "closed a/file"});
  CHECK(world.tree.status().absent.empty());
  world.tree.release_root(world.root());
  CHECK(world.tree.status().directories == 0);
}

// Root may read everything, so that it is nobody for a while.
class Nobody {
 public:
  Nobody() { REQUIRE((::getuid() != 0 || ::seteuid(65534) == 0)); }
  ~Nobody() { (void)!::seteuid(::getuid()); }
};

TEST_CASE("a directory that may not be read is named, and costs nothing but itself") {
  World world;
  fs::permissions(fs::path(world.root()).parent_path(), fs::perms(0755));
  world.write("a/file");
  world.write("shut/file");
  fs::permissions(world / "shut", fs::perms(0));
  {
    Nobody nobody;
    world.tree.hold_directory(world / "shut");
    world.ready();
  }
  auto status = world.tree.status();
  CHECK(status.unreadable == 1);
  CHECK(status.refused == Lines{world / "shut"});
  CHECK_FALSE(world.tree.is_watched(world / "shut"));
  world.write("a/file", "new");
  CHECK(world.told() == Lines{"closed a/file"});
  fs::permissions(world / "shut", fs::perms(0755));
}

TEST_CASE("a directory is watched again when it may be read again, and what was seen there is not gone meanwhile") {
  World world;
  fs::permissions(fs::path(world.root()).parent_path(), fs::perms(0755));
  world.write("d/shut/in/file");
  fs::permissions(world / "d/shut", fs::perms(0));
  std::optional<Nobody> nobody(std::in_place);
  world.ready();
  auto told_while = [&](const std::string& name, unsigned mode) {
    nobody.reset();
    fs::permissions(world / name, fs::perms(mode));
    nobody.emplace();
    return world.told();
  };
  auto write = [&](const std::string& name) {
    nobody.reset();
    world.write(name, "other");
    nobody.emplace();
  };
  CHECK(world.tree.status().refused == Lines{world / "d/shut"});
  // It was there all the time.
  CHECK(told_while("d/shut", 0755) == Lines());
  CHECK(world.tree.status().refused.empty());
  CHECK(world.tree.is_watched(world / "d/shut/in"));
  write("d/shut/in/file");
  CHECK(world.told() == Lines{"closed d/shut/in/file"});
  for (auto mode : {0U, 0444U}) {
    INFO("mode " << mode);
    CHECK(told_while("d/shut", mode) == Lines());
    CHECK(world.tree.status().refused == Lines{world / "d/shut"});
    write("d/shut/new");
    CHECK(told_while("d/shut", 0755) == Lines{"closed d/shut/new"});
    CHECK(world.tree.status().refused.empty());
  }
  // Of the root, and of a directory that only a loaded file is in, nobody above tells.
  nobody.reset();
  world.write("../alone/file");
  auto alone = fs::canonical(world / "../alone").string();
  fs::permissions(alone, fs::perms(0));
  nobody.emplace();
  world.tree.hold_directory(alone);
  CHECK(world.tree.blind() == 1);
  told_while("", 0);
  CHECK(world.tree.status().refused.size() == 2);
  TreeEvents events;
  world.tree.ring(events, Clock::now() + std::chrono::hours(1));
  CHECK(world.tree.status().refused.size() == 2);
  nobody.reset();
  fs::permissions(alone, fs::perms(0755));
  fs::permissions(world.root(), fs::perms(0755));
  nobody.emplace();
  world.tree.ring(events, Clock::now() + std::chrono::hours(2));
  CHECK(world.look().front().what == What::returned);
  CHECK(world.tree.status().refused.empty());
  CHECK(world.tree.is_watched(alone));
  CHECK(world.tree.blind() == 0);
  write("d/file");
  CHECK(world.told() == Lines{"closed d/file"});
}

TEST_CASE("directories of loaded files of which nothing is told are counted, whatever becomes of them") {
  World world;
  for (const auto* name : {"a/file", "b/c/file", "out/file"}) world.write(name);
  world.ready();
  const Lines held = {world / "a", world / "b/c", world / "later/d"};
  for (const auto& directory : held) world.tree.hold_directory(directory);
  auto blind = [&] {
    return std::count_if(held.begin(), held.end(), [&](const auto& directory) { return world.tree.holds_directory(directory) && !world.tree.tells_of(directory); });
  };
  CHECK(world.tree.blind() == 1);
  world.write("later/d/file");
  TreeEvents events;
  world.look();
  world.tree.ring(events, Clock::now() + std::chrono::hours(1));
  world.look();
  CHECK(world.tree.blind() == 0);
  world.tree.disbelieve(world / "a");
  CHECK(world.tree.blind() == 1);
  CHECK_FALSE(world.tree.tells_of(world / "a"));
  // It is remembered for the next one who loads a file there.
  world.tree.release_directory(world / "a");
  CHECK(world.tree.blind() == 0);
  world.tree.hold_directory(world / "a");
  CHECK(world.tree.blind() == 1);
  fs::remove_all(world / "b");
  world.look();
  CHECK(world.tree.blind() == 2);
  CHECK(world.tree.blind() == blind());
  world.write("b/c/file");
  world.tree.ring(events, Clock::now() + std::chrono::hours(2));
  world.look();
  CHECK(world.tree.blind() == 1);
  world.tree.release_root(world.root());
  CHECK(world.tree.blind() == blind());
  for (const auto& directory : held) world.tree.release_directory(directory);
  CHECK(world.tree.blind() == 0);
}

TEST_CASE("where the file system does not tell nothing is watched, and that is known") {
  Scratch scratch;
  auto root = fs::canonical(scratch.path()).string();
  fs::create_directories(root + "/far/in");
  fs::create_directories(root + "/near/in");
  SystemDisk disk;
  auto watch = std::move(*DirectoryWatch::open());
  auto polls = [&](const std::string& directory) { return directory.starts_with(root + "/far"); };
  WatchedTree tree(&watch, disk, 1000, [](const std::string&) { return std::optional<bool>(); }, polls);
  tree.hold_root(root + "/far");
  tree.hold_root(root + "/near");
  tree.hold_directory(root + "/far/in");
  TreeEvents events;
  while (tree.work(events, Clock::now() + std::chrono::seconds(60))) {
  }
  CHECK(tree.status().directories == 2);
  CHECK(tree.status().polled == Lines{root + "/far"});
  CHECK_FALSE(tree.is_watched(root + "/far/in"));
  CHECK(tree.is_watched(root + "/near/in"));
}

TEST_CASE("roots within roots are watched once, and live as long as their holders") {
  World world;
  world.write("in/deep/file");
  world.write("out/file");
  world.tree.hold_root(world / "in");
  world.ready();
  CHECK(world.tree.status().directories == 4);
  world.tree.hold_root(world / "in");
  world.tree.release_root(world.root());
  CHECK(world.tree.status().directories == 2);
  world.write("in/deep/file", "new");
  CHECK(world.told() == Lines{"closed in/deep/file"});
  world.tree.release_root(world / "in");
  CHECK(world.tree.status().directories == 2);
  world.tree.release_root(world / "in");
  CHECK(world.tree.status().directories == 0);
}

TEST_CASE("a queue that ran over loses nothing") {
  World world;
  for (int count = 0; count < 40; ++count) world.write(cat("d", count, "/keep"));
  world.ready();
  auto known = on_disk(world.root());
  // Eight thousand files, more than two events each: the queue holds sixteen thousand.
  for (int count = 0; count < 8000; ++count) world.write(cat("d", count % 40, "/f", count));
  fs::remove_all(world / "d7");
  fs::rename(world / "d8", world / "moved");
  world.write("d9/keep", "longer than before");
  auto events = world.settle();
  CHECK(world.tree.status().overflows > 0);
  CHECK_FALSE(world.tree.status().doubtful);
  lay(known, events);
  CHECK(known == on_disk(world.root()));
  CHECK(std::any_of(events.begin(), events.end(), [&](const TreeEvent& event) { return event.path == world / "d9/keep"; }));
  world.write("moved/keep", "after");
  CHECK(world.told() == Lines{"closed moved/keep"});
}

TEST_CASE("files of which only names were read at first: what changed is found, what did not is not told") {
  World world;
  world.write("a");
  world.write("d/b");
  // The clock of the file system ticks every few milliseconds.
  for (auto written = stamp_of(world / "d/b").changed_ns; file_clock_ns() <= written;) std::this_thread::yield();
  world.ready();
  world.tree.doubt();
  CHECK(world.told() == Lines{});
  World other;
  for (const char* name : {"kept", "written", "replaced"}) other.write(cat("d/", name));
  for (auto written = stamp_of(other / "d/replaced").changed_ns; file_clock_ns() <= written;) std::this_thread::yield();
  other.ready();
  other.write("d/written", "more");
  other.write("d/new~");
  fs::rename(other / "d/new~", other / "d/replaced");
  // What the system tells of these is left aside.
  TreeEvents events;
  other.tree.doubt();
  while (other.tree.work(events, Clock::now() + std::chrono::seconds(60))) {
  }
  std::set<std::string> found;
  for (const auto& event : events) found.insert(World::said(other, event));
  CHECK(found == std::set<std::string>{"closed d/replaced", "closed d/written"});
}

TEST_CASE("random changes: what is told gives what is there") {
  unsigned seed = std::random_device()();
  if (const char* given = std::getenv("KRA_SEED")) seed = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  INFO("KRA_SEED=" << seed);
  std::mt19937 random(seed);
  World world;
  world.ready();
  fs::create_directories(world / "../outside");
  Files known;
  auto any = [&] { return cat("d", random() % 5, random() % 2 ? cat("/d", random() % 4) : "", random() % 3 ? "" : cat("/d", random() % 3)); };
  for (int round = 0; round < 3000; ++round) {
    std::error_code ignored;
    auto one = world / any(), other = world / any(), out = world / cat("../outside/d", random() % 4);
    switch (random() % 9) {
      case 0: fs::create_directories(one, ignored); break;
      case 1: fs::remove_all(one, ignored); break;
      case 2: fs::rename(one, other, ignored); break;
      case 3: fs::rename(one + "/f", other + "/g", ignored); break;
      case 4: fs::rename(one, out, ignored); break;
      case 5: fs::rename(out, one, ignored); break;
      case 6: fs::remove(one + "/f", ignored); break;
      default: std::ofstream(one + (random() % 2 ? "/f" : "/g")) << round; break;
    }
    if (random() % 20 == 0) lay(known, world.look());
    if (random() % 500 == 0) world.tree.doubt();
    if (random() % 100 != 0 && round < 2999) continue;
    lay(known, world.settle());
    INFO("round " << round);
    REQUIRE(known == on_disk(world.root()));
  }
}
