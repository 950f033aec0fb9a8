// Every state that a user's repository may be in, and what a sync makes of it.
#include "engine/sync_guard.hpp"
#include "tests/native/sync_devices.hpp"

using namespace kra;

namespace {

// What a sync must not touch while git is in the middle of something.
std::string frozen(const GitWorld& world) { return world.read(".git/index") + world.git({"for-each-ref", "--format=%(refname) %(objectname)"}) + world.git({"rev-parse", "HEAD"}); }

void diverge(GitWorld& world) {
  world.git({"checkout", "-qb", "side"}), world.write("f", "side\n"), world.commit("side");
  world.git({"checkout", "-q", "main"}), world.write("f", "main\n"), world.commit("main");
}

}  // namespace

TEST_CASE("an unfinished operation: a snapshot, and nothing else", "[sync]") {
  struct Row {
    const char* name;
    std::vector<std::string> begin, end;
  };
  Devices devices;
  const auto patch = devices.remote / "side.patch";
  const std::vector<Row> rows = {{"merge", {"merge", "side"}, {"merge", "--abort"}},
                                 {"rebase", {"rebase", "side"}, {"rebase", "--abort"}},
                                 {"cherry-pick", {"cherry-pick", "side"}, {"cherry-pick", "--abort"}},
                                 {"revert", {"revert", "--no-edit", "HEAD~1"}, {"revert", "--abort"}},
                                 {"am", {"am", "-q", patch}, {"am", "--abort"}},
                                 {"bisect", {"bisect", "start"}, {"bisect", "reset"}}};
  devices.sync(devices.a), devices.sync(devices.b);
  diverge(devices.a);
  std::ofstream(patch) << devices.a.git({"format-patch", "-1", "side", "--stdout"});
  devices.sync(devices.a), devices.sync(devices.b);
  devices.b.write("dir/g", "from b\n"), devices.sync(devices.b);
  for (const auto& row : rows) {
    INFO(row.name);
    devices.a.git(row.begin);
    const auto before = frozen(devices.a), file = devices.a.read("dir/g");
    const auto report = devices.sync(devices.a);
    CHECK(report.state == "held");
    CHECK(report.why == cat("a ", row.name, " is unfinished"));
    CHECK(!report.snapshot.empty());
    CHECK(frozen(devices.a) == before);
    CHECK(devices.a.read("dir/g") == file);
    devices.a.git(row.end);
  }
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(devices.a.read("dir/g") == "from b\n");
}

TEST_CASE("a branch without a commit, and one whose index is locked", "[sync]") {
  GitWorld world;
  Scratch remote;
  world.git({"init", "-q", "--bare", "-b", "main", remote / "r.git"}), world.git({"remote", "add", "origin", remote / "r.git"});
  world.write("f", "1\n");
  auto place = find_repository(world.disk, world.root);
  Settings settings;
  const auto sync = [&] {
    auto record = new_record(world.disk, *place, "track");
    REQUIRE(record);
    auto store = SyncStore::open(world.disk, world.paths, *place, git_patience());
    auto report = sync_tree(*store, *record, "dev", {}, settings, git_patience());
    INFO((report ? report->why : report.error().what));
    REQUIRE(report);
    return std::move(*report);
  };
  CHECK(sync().state == "synced");
  CHECK(world.git({"show", "main:f"}) == "1\n");
  CHECK(world.git({"status", "--porcelain"}).empty());
  // Somebody's git works on the index: the remote has it, the branch waits for the index, and the lock stays.
  const auto head = world.git({"rev-parse", "HEAD"});
  world.write("f", "2\n"), world.write(".git/index.lock", "");
  CHECK(sync().state == "pending");
  CHECK(world.git({"rev-parse", "HEAD"}) == head);
  CHECK(world.git({"--git-dir", remote / "r.git", "show", "main:f"}) == "2\n");
  CHECK(world.has(".git/index.lock"));
  world.remove(".git/index.lock");
  sync();
  CHECK(world.git({"show", "HEAD:f"}) == "2\n");
  CHECK(sync().state == "nothing");
  CHECK(world.git({"status", "--porcelain"}).empty());
}

TEST_CASE("shadow goes on whatever the branch and the index are", "[sync]") {
  // Staged work.
  Devices devices;
  devices.a.write("f", "staged\n"), devices.a.git({"add", "f"}), devices.a.write("f", "and more\n");
  devices.b.write("dir/g", "from b\n"), devices.sync(devices.b);
  auto before = frozen(devices.a);
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(frozen(devices.a) == before);
  CHECK(devices.a.read("dir/g") == "from b\n");
  devices.sync(devices.b);
  CHECK(devices.b.read("f") == "and more\n");
  // An index that is locked.
  devices.a.write(".git/index.lock", ""), devices.a.write("f", "while locked\n");
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(frozen(devices.a) == before);
  CHECK(devices.a.has(".git/index.lock"));
  devices.a.remove(".git/index.lock");
  // A branch without a commit.
  GitWorld unborn;
  Scratch remote;
  unborn.git({"init", "-q", "--bare", "-b", "main", remote / "r.git"}), unborn.git({"remote", "add", "origin", remote / "r.git"});
  unborn.write("first", "1\n"), unborn.git({"add", "first"});
  before = frozen(unborn);
  auto place = find_repository(unborn.disk, unborn.root);
  const auto record = new_record(unborn.disk, *place, "shadow");
  REQUIRE(record);
  auto store = SyncStore::open(unborn.disk, unborn.paths, *place, git_patience());
  const auto report = sync_tree(*store, *record, "dev", {}, {}, git_patience());
  REQUIRE(report);
  CHECK(report->state == "synced");
  CHECK(frozen(unborn) == before);
  CHECK(unborn.git({"--git-dir", remote / "r.git", "show", "refs/kra/sync/main:first"}) == "1\n");
}

TEST_CASE("repositories inside, with and without commits", "[sync]") {
  Devices devices;
  devices.a.git({"init", "-q", devices.a.at("inner")}), devices.a.write("inner/x", "x\n");
  devices.a.git({"init", "-q", devices.a.at("empty")});
  devices.a.write("beside", "b\n");
  CHECK(devices.sync(devices.a).state == "synced");
  devices.sync(devices.b);
  CHECK(devices.b.read("beside") == "b\n");
  CHECK(!devices.b.has("inner"));
  CHECK(devices.a.read("inner/x") == "x\n");
  // One that the branch records as such stays recorded.
  Devices track("track");
  track.a.git({"init", "-q", track.a.at("sub")}), track.a.write("sub/x", "x\n");
  track.a.git({"-C", "sub", "-c", "user.name=A", "-c", "user.email=a@a", "commit", "-q", "--allow-empty", "-m", "x"});
  track.a.git({"add", "sub"}), track.a.git({"commit", "-qm", "sub"});
  track.a.write("f", "2\n");
  CHECK(track.sync(track.a).state == "synced");
  CHECK(track.a.git({"ls-tree", "HEAD", "sub"}).starts_with("160000 commit"));
  CHECK(track.sync(track.b).state == "synced");
  CHECK(track.b.read("f") == "2\n");
}

TEST_CASE("flags of the index outlive a branch that moves", "[sync]") {
  Devices devices("track");
  devices.a.git({"update-index", "--assume-unchanged", "dir/g"});
  devices.a.write("later", "l\n"), devices.a.git({"add", "-N", "later"});
  devices.b.write("f", "2\n"), devices.sync(devices.b);
  const auto report = devices.sync(devices.a);
  INFO(report.why);
  CHECK(devices.a.git({"ls-files", "-v", "dir/g"}) == "h dir/g\n");
}

TEST_CASE("what is too big is named, and everything else goes on", "[sync]") {
  Devices devices;
  { std::ofstream(devices.a.at("big")).seekp((51 << 20) - 1).put('x'); }
  devices.a.write("small", "s\n");
  const auto report = devices.sync(devices.a);
  CHECK(report.state == "synced");
  REQUIRE(report.held.size() == 1);
  CHECK(report.held[0].path == "big");
  devices.sync(devices.b);
  CHECK(devices.b.has("small"));
  CHECK(!devices.b.has("big"));
  CHECK(devices.sync(devices.a).state == "nothing");
}

TEST_CASE("thousands of new files and many deletions wait, everything else goes on", "[sync]") {
  Devices devices;
  for (int n = 0; n < 40; ++n) devices.a.write(cat("many/", n), cat(n, "\n"));
  devices.settle();
  devices.a.remove("many"), devices.a.write("f", "goes on\n");
  auto report = devices.sync(devices.a);
  CHECK(report.state == "held");
  CHECK(report.pushed == 1);
  devices.sync(devices.b);
  CHECK(devices.b.read("f") == "goes on\n");
  CHECK(devices.b.has("many/3"));
  // The same from the other side: confirmed there, held here.
  devices.b.remove("many"), devices.sync(devices.b, {.confirmed = true});
  devices.a.write("f", "once more\n");
  report = devices.sync(devices.a);
  CHECK(devices.sync(devices.a, {.confirmed = true}).state != "held");
  devices.settle();
  CHECK(devices.same());
  CHECK(too_many_new({}, {}).empty());
}

TEST_CASE("a root that is gone, or another directory in its place", "[sync]") {
  Devices devices;
  devices.sync(devices.a);
  const auto away = devices.a.root + ".away";
  std::filesystem::rename(devices.a.root, away);
  CHECK(find_repository(devices.a.disk, devices.a.root).error().fault == Fault::not_found);
  std::filesystem::create_directory(devices.a.root);
  std::filesystem::copy(away + "/.git", devices.a.root + "/.git", std::filesystem::copy_options::recursive);
  auto place = find_repository(devices.a.disk, devices.a.root);
  REQUIRE(place);
  CHECK(read_record(devices.a.disk, devices.a.paths, *place).error().fault == Fault::conflict);
}

TEST_CASE("another mode or another remote begins anew, and takes nothing away", "[sync]") {
  Devices devices;
  devices.a.write("only/here", "mine\n"), devices.a.write("f", "changed\n");
  devices.settle();
  const auto enable = [&](GitWorld& world, const char* mode) {
    const auto place = find_repository(world.disk, world.root);
    const auto record = new_record(world.disk, *place, mode);
    REQUIRE(record);
    REQUIRE(write_record(world.disk, world.paths, *record));
  };
  enable(devices.a, "track"), enable(devices.b, "track");
  // The branch at the remote has none of what went by the other way.
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(devices.a.read("only/here") == "mine\n");
  CHECK(devices.a.read("f") == "changed\n");
  devices.settle();
  CHECK(devices.b.read("only/here") == "mine\n");
  CHECK(devices.remote_git({"show", "main:only/here"}) == "mine\n");
  enable(devices.a, "shadow");
  devices.a.write("f", "again\n"), devices.sync(devices.a);
  CHECK(devices.a.read("f") == "again\n");
  // An empty remote.
  devices.a.git({"init", "-q", "--bare", "-b", "main", devices.remote / "other.git"}), devices.a.git({"remote", "set-url", "origin", devices.remote / "other.git"});
  enable(devices.a, "shadow");
  const auto before = devices.a.manifest(false);
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(difference(before, devices.a.manifest(false)).empty());
}
