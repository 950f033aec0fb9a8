// A look that is told where something has happened finds what a look at everything finds.
#include "engine/tree_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/sync.hpp"
#include "engine/watched_tree.hpp"
#include "tests/native/git_world.hpp"
#include "tests/native/zoo.hpp"

using namespace kra;
namespace fs = std::filesystem;

namespace {

// The watcher of a daemon, without one.
class Watcher : public ChangeFeed {
 public:
  Watcher(Disk& disk, const std::string& root, std::size_t budget = 10'000)
      : root_(fs::canonical(root).string()), watch_(std::move(*DirectoryWatch::open())), tree_(&watch_, disk, budget, [](const std::string&) { return std::optional<bool>(); }) {
    tree_.hold_root(root_);
  }
  Changes changes() override {
    TreeEvents events;
    tree_.drain(events, Clock::now());
    while (tree_.work(events, Clock::now() + std::chrono::seconds(10))) {
    }
    auto touched = tree_.touched(root_);
    Changes changes{.everywhere = touched.everywhere || wild, .paths = {}, .losses = touched.losses};
    for (const auto& path : touched.paths) changes.paths.insert(below(path));
    told = changes.paths.size();
    if (changes.everywhere) ++wholes;
    return changes;
  }
  std::set<std::string> watched() override {
    std::set<std::string> paths;
    for (const auto& path : tree_.watched_below(root_)) paths.insert(below(path));
    return paths;
  }
  // As after an overflow.
  void doubt() { tree_.doubt(); }
  bool wild = false;
  int wholes = 0;
  std::size_t told = 0;

 private:
  std::string below(const std::string& path) const { return path.size() > root_.size() ? path.substr(root_.size() + 1) : ""; }
  std::string root_;
  DirectoryWatch watch_;
  WatchedTree tree_;
};

// A store that remembers, and one that looks at everything each time.
struct Pair {
  explicit Pair(std::size_t budget = 10'000) : watcher(world.disk, world.root, budget), other_paths{world.scratch / "state2", world.scratch / "runtime2", world.scratch / "config2"} {}
  SyncStore& store() {
    if (!warm) {
      warm.emplace(world.store());
      memory = std::make_shared<TreeMemory>(TreeMemory{.feed = &watcher});
      warm->remember(memory);
    }
    return *warm;
  }
  SyncStore cold() {
    auto place = find_repository(world.disk, world.root);
    REQUIRE(place);
    auto opened = SyncStore::open(world.disk, other_paths, *place, git_patience());
    REQUIRE(opened);
    REQUIRE(opened->set_excludes({}));
    return std::move(*opened);
  }
  static std::string text_of(SnapshotMeta meta) {
    std::string text = cat(meta.tree, "\nfiles ", meta.files, " changed ", meta.changed, "\n", meta.has_index ? "index\n" : "");
    for (const auto& mode : meta.modes) text += cat(mode.path, " ", mode.permissions, "\n");
    for (const auto& path : meta.empty_directories) text += cat("empty ", path, "\n");
    for (const auto& skipped : meta.skipped) text += cat("skipped ", skipped.path, " ", skipped.why, "\n");
    return text;
  }
  void agree() {
    REQUIRE(store().set_excludes({}));
    auto quick = take_snapshot(store(), {}, git_patience());
    INFO((quick ? "" : quick.error().what));
    REQUIRE(quick);
    auto other = cold();
    auto whole = take_snapshot(other, {}, git_patience());
    REQUIRE(whole);
    CHECK(text_of(quick->meta) == text_of(whole->meta));
    // All that it names is in its store.
    const auto staged = list_tree(store().git(), cat(snapshot_refs, quick->meta.id), git_patience());
    const auto there = list_tree(other.git(), cat(snapshot_refs, whole->meta.id), git_patience());
    REQUIRE(staged);
    REQUIRE(there);
    std::string left, right;
    for (const auto& [path, entry] : *staged) if (path != "meta") left += cat(path, " ", entry.mode, entry.oid, "\n");
    for (const auto& [path, entry] : *there) if (path != "meta") right += cat(path, " ", entry.mode, entry.oid, "\n");
    CHECK(left == right);
  }

  GitWorld world;
  Watcher watcher;
  Paths other_paths;
  std::shared_ptr<TreeMemory> memory;
  std::optional<SyncStore> warm;
};

}  // namespace

TEST_CASE("what is told finds what a look at everything finds", "[sync][memory]") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    Pair pair;
    Zoo zoo(pair.world, seed);
    pair.world.write("a", "a\n"), pair.world.write("dir/c", "c\n"), pair.world.commit();
    if (seed % 4 == 0) zoo.merge();
    for (int round = 0; round < 14; ++round) {
      INFO("round " << round);
      for (int count = zoo.below(6); count >= 0; --count) zoo.mutate();
      if (zoo.below(5) == 0) fs::create_directories(pair.world.at("new/dir")), fs::rename(pair.world.at("new"), pair.world.at(cat("moved", round)));
      if (zoo.below(9) == 0) pair.watcher.doubt();
      pair.agree();
    }
    CHECK(pair.watcher.wholes < 14);
  }
}

TEST_CASE("what is remembered goes along with a branch that a sync moves", "[sync][memory]") {
  Pair pair;
  Scratch remote;
  auto& world = pair.world;
  world.git({"init", "-q", "--bare", "-b", "main", remote / "r.git"}), world.git({"remote", "add", "origin", remote / "r.git"});
  world.write("a", "a\n"), world.write("dir/c", "c\n"), world.write("dir/d", "d\n"), world.commit(), world.git({"push", "-qu", "origin", "main"});
  const auto place = find_repository(world.disk, world.root);
  REQUIRE(place);
  const auto record = new_record(world.disk, *place, "track");
  REQUIRE(record);
  for (int round = 0; round < 8; ++round) {
    INFO("round " << round);
    world.write("a", cat(round, "\n")), world.write(cat("new/", round % 3, "/f", round), "n\n");
    if (round % 2 == 1) world.remove(cat("new/", (round - 1) % 3, "/f", round - 1));
    if (round == 4) world.write("dir/c", "of the user\n"), world.commit("theirs");
    if (round == 6) world.remove("dir"), world.write("dir", "a file now\n");
    const auto report = sync_tree(pair.store(), *record, "device", {}, {}, git_patience());
    INFO((report ? report->why : report.error().what));
    REQUIRE(report);
    CHECK(report->state == "synced");
    CHECK(world.git({"status", "--porcelain"}).empty());
    CHECK(world.git({"rev-parse", "main"}) == world.git({"--git-dir", remote / "r.git", "rev-parse", "main"}));
    pair.agree();
    if (round == 5) world.write("a", "staged\n"), world.git({"add", "a"}), pair.agree(), world.git({"reset", "-q"}), pair.agree();
  }
  CHECK(pair.watcher.wholes < 8);
}

TEST_CASE("files where nobody watches are looked at each time", "[sync][memory]") {
  Pair pair;
  pair.world.write(".gitignore", "build/\n*.log\n");
  pair.world.write("build/kept", "1\n"), pair.world.write("a.log", "1\n"), pair.world.write("b", "1\n");
  pair.world.git({"add", "-f", "build/kept", "a.log", ".gitignore", "b"}), pair.world.git({"commit", "-qm", "c"});
  pair.agree();
  pair.world.write("build/kept", "2\n");
  pair.agree();
  pair.world.write("a.log", "2\n"), pair.world.write("other.log", "not this\n"), pair.world.write("build/other", "nor this\n");
  pair.agree();
  pair.world.write("late.log", "added\n"), pair.world.git({"add", "-f", "late.log", "build/other"});
  pair.agree();
  pair.world.write("build/other", "changed\n"), pair.world.write("late.log", "changed\n");
  pair.agree();
  CHECK(pair.watcher.wholes == 1);
}

TEST_CASE("another name of a file, and another repository inside", "[sync][memory]") {
  Pair pair;
  pair.world.write("a", "1\n"), pair.world.commit();
  fs::create_hard_link(pair.world.at("a"), pair.world.scratch / "outside");
  pair.agree();
  std::ofstream(pair.world.scratch / "outside") << "through the other name\n";
  pair.agree();
  pair.world.write("inner/file", "i\n");
  pair.agree();
  pair.world.git({"init", "-q", pair.world.at("inner")});
  pair.agree();
  pair.world.git({"init", "-q", pair.world.at("new/deep")}), pair.world.write("new/deep/file", "n\n"), pair.world.write("new/beside", "b\n");
  pair.agree();
  fs::remove_all(pair.world.at("new/deep/.git"));
  pair.agree();
}

TEST_CASE("more directories than may be watched: everything is looked at", "[sync][memory]") {
  Pair pair(2);
  for (const auto* path : {"a/f", "b/f", "c/f", "d/e/f"}) pair.world.write(path, "1\n");
  pair.world.commit();
  pair.agree();
  for (const auto* path : {"a/f", "d/e/f"}) pair.world.write(path, "2\n");
  pair.agree();
  CHECK(pair.watcher.wholes == 2);
}

TEST_CASE("rules that change, from within and from outside", "[sync][memory]") {
  Pair pair;
  pair.world.write("a.tmp", "1\n"), pair.world.write("dir/b.tmp", "1\n"), pair.world.commit();
  pair.world.write("dir/new.tmp", "1\n");
  pair.agree();
  pair.world.write("dir/.gitignore", "*.tmp\n"), pair.world.write("dir/later.tmp", "1\n");
  pair.agree();
  pair.world.write(".git/info/exclude", "*.tmp\n"), pair.world.write("more.tmp", "1\n");
  pair.agree();
  pair.world.remove("dir/.gitignore"), pair.world.write(".git/info/exclude", ""), pair.world.write("last.tmp", "1\n");
  pair.agree();
}

TEST_CASE("what nobody tells of is found by the first look after ten minutes", "[sync][memory]") {
  Pair pair;
  pair.world.write("a", "1\n"), pair.world.commit();
  const int fd = ::open(pair.world.at("a").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  auto* bytes = static_cast<char*>(::mmap(nullptr, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  REQUIRE(bytes != MAP_FAILED);
  ::close(fd);
  pair.agree();
  pair.agree();
  bytes[0] = '2';
  REQUIRE(::msync(bytes, 2, MS_SYNC) == 0);
  pair.memory->saw_all = Clock::now() - std::chrono::minutes(11);
  pair.agree();
  CHECK(Clock::now() - pair.memory->saw_all < std::chrono::minutes(1));
  // The mapping is closed: that is told.
  bytes[0] = '3';
  REQUIRE(::munmap(bytes, 2) == 0);
  pair.agree();
}

TEST_CASE("a store that rests lets others in, and notices that they came", "[sync][memory]") {
  Pair pair;
  pair.world.write("a", "1\n"), pair.world.commit();
  pair.agree();
  pair.warm->rest();
  REQUIRE(pair.warm->wake(git_patience()).value_or(false));
  pair.world.write("a", "2\n");
  pair.agree();
  pair.warm->rest();
  {
    auto store = pair.world.store();
    REQUIRE(take_snapshot(store, {}, git_patience()));
    CHECK(pair.warm->wake(Patience::of(Milliseconds(0))).error().fault == Fault::busy);
  }
  const auto alone = pair.warm->wake(git_patience());
  REQUIRE(alone);
  CHECK_FALSE(*alone);
}
