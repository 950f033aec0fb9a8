#include "engine/snapshot.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "engine/rollback.hpp"
#include "tests/native/git_world.hpp"
#include "tests/native/zoo.hpp"

using namespace kra;

namespace {

const std::string device = "here";

SnapshotMeta snapshot(GitWorld& world, bool ignored = false) {
  auto store = world.store();
  auto taken = take_snapshot(store, {.ignored = ignored}, git_patience());
  INFO((taken ? "" : taken.error().what));
  REQUIRE(taken);
  return taken->meta;
}

RolledBack back_to(GitWorld& world, const SnapshotMeta& meta) {
  auto store = world.store();
  auto done = roll_back(store, meta, device, git_patience());
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  return std::move(*done);
}

}  // namespace

TEST_CASE("a snapshot changes nothing and shows nowhere") {
  GitWorld world;
  world.write("a", "one\n");
  world.commit();
  world.write("a", "two\n"), world.write("new", "n\n");
  world.git({"add", "a"});
  world.write("a", "three\n");
  const auto before = world.manifest();
  const auto index = world.read(".git/index");
  const auto meta = snapshot(world);
  CHECK(difference(before, world.manifest()).empty());
  CHECK(world.read(".git/index") == index);
  CHECK(meta.changed == 2);
  CHECK(world.git({"for-each-ref"}).find("kra") == std::string::npos);
  CHECK(world.git({"log", "--all", "--format=%s"}) == "c\n");
}

TEST_CASE("a rollback brings back what was there, and can be undone") {
  GitWorld world;
  world.write("a", "one\n"), world.write("dir/b", "b\n"), world.write(".gitignore", "*.o\n");
  world.commit();
  world.write("a", "staged\n");
  world.git({"add", "a"});
  world.write("a", "on disk\n"), world.write("x.o", "object\n");
  ::symlink("a", world.at("link").c_str());
  std::filesystem::create_directory(world.at("empty"));
  ::chmod(world.at("dir/b").c_str(), 0600);
  const auto before = world.manifest();
  const auto meta = snapshot(world);

  world.remove("a"), world.remove("dir"), world.remove("link"), world.remove("empty");
  world.write("dir", "a file now\n"), world.write("later", "l\n");
  world.git({"add", "-A"}), world.git({"commit", "-qm", "later"}), world.git({"checkout", "-qb", "other"});
  const auto damaged = world.manifest();
  const auto done = back_to(world, meta);
  CHECK(done.left.empty());
  CHECK(difference(before, world.manifest()).empty());

  auto store = world.store();
  const auto undo = find_snapshot(store, done.undo_id, git_patience());
  REQUIRE(undo);
  REQUIRE(roll_back(store, *undo, device, git_patience()));
  CHECK(difference(damaged, world.manifest()).empty());
}

TEST_CASE("a rollback finds commits and blobs that a gc has taken") {
  GitWorld world;
  world.write("a", "one\n");
  world.commit("first");
  const auto first = world.git({"rev-parse", "HEAD"});
  world.write("a", "two\n");
  world.commit("second");
  world.write("a", "staged\n");
  world.git({"add", "a"});
  world.write("a", "disk\n");
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  world.git({"reset", "-q", "--hard", first.substr(0, 40)});
  world.git({"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"});
  world.git({"gc", "-q", "--prune=now"});
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
  CHECK(world.git({"fsck", "--full"}).find("missing") == std::string::npos);
}

TEST_CASE("a snapshot waits neither for the user's lock nor for a nested repository") {
  GitWorld world;
  world.write("a", "one\n");
  world.commit();
  world.write("a", "two\n"), world.write(".git/index.lock", ""), world.write("nested/file", "f\n");
  world.git({"init", "-q"}, world.at("nested"));
  std::filesystem::create_directory(world.at("void"));
  world.git({"init", "-q"}, world.at("void"));
  const auto meta = snapshot(world);
  CHECK(meta.changed == 1);
  CHECK(meta.skipped.size() == 2);
}

TEST_CASE("an unfinished merge comes back") {
  GitWorld world;
  world.write("a", "base\n");
  world.commit();
  world.git({"checkout", "-qb", "side"}), world.write("a", "side\n"), world.commit();
  world.git({"checkout", "-q", "main"}), world.write("a", "main\n"), world.commit();
  world.git({"merge", "-q", "side"});
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  CHECK(meta.operation == "merge");
  world.git({"merge", "--abort"});
  world.git({"branch", "-qD", "side"});
  world.git({"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"});
  world.git({"gc", "-q", "--prune=now"});
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
}

TEST_CASE("old snapshots go, the newest stay, and one can be carried away") {
  GitWorld world;
  std::vector<SnapshotMeta> all;
  for (int n = 0; n < 4; ++n) world.write("a", cat(n, "\n")), all.push_back(snapshot(world));
  auto store = world.store();
  CHECK(*clean_snapshots(store, 2, git_patience()) == 2);
  const auto left = list_snapshots(store, git_patience());
  REQUIRE(left->size() == 2);
  REQUIRE(bundle_snapshot(store, left->front(), world.scratch / "one.bundle", git_patience()));
  CHECK(world.git({"bundle", "verify", world.scratch / "one.bundle"}).find("refs/kra/snapshots/") != std::string::npos);
  CHECK(find_snapshot(store, "2", git_patience()).error().fault == Fault::not_found);
}

TEST_CASE("what git sees of files that are as old as the index comes back") {
  GitWorld world;
  world.write("a", "one\n"), world.write("b", "b\n");
  world.commit();
  // Written in one moment, with as many bytes: git must compare them.
  const auto at = [&](const char* path, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ::utimensat(AT_FDCWD, world.at(path).c_str(), times, 0);
  };
  at("a", 1'700'000'000), world.git({"update-index", "--refresh"});
  { std::ofstream(world.at("a"), std::ios::in) << "two\n"; }
  at("a", 1'700'000'000), at(".git/index", 1'700'000'000);
  const auto status = [&] { return world.git({"--no-optional-locks", "status", "--porcelain"}); };
  REQUIRE(status() == " M a\n");
  const auto meta = snapshot(world);
  world.write("b", "later\n"), world.git({"add", "b"});
  back_to(world, meta);
  CHECK(status() == " M a\n");
  at(".git/index", 1'800'000'000);
  back_to(world, meta);
  CHECK(status() == " M a\n");
}

TEST_CASE("what is only intended to be added comes back with all that git reads of it") {
  GitWorld world;
  world.write("a", "one\n"), world.commit();
  world.write("empty", ""), world.git({"hash-object", "-w", "empty"});
  world.write("gone", "g\n"), world.git({"add", "-N", "gone", "empty"}), world.remove("gone"), world.remove("empty"), world.write("other", "x\n"), world.git({"add", "-N", "other"});
  const auto before = world.manifest();
  const auto meta = snapshot(world);
  world.git({"reset", "-q", "--hard"}), world.git({"clean", "-qfd"});
  world.git({"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"}), world.git({"gc", "-q", "--prune=now"});
  back_to(world, meta);
  CHECK(difference(before, world.manifest()).empty());
}

// --- random states: tests/bench/sync_states.cpp has many more -------------------------------------------------------------
TEST_CASE("any state comes back exactly", "[property]") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    GitWorld world;
    Zoo zoo(world, seed);
    if (zoo.below(2)) world.git({"config", "core.autocrlf", zoo.below(2) ? "true" : "input"});
    for (int n = 0; n < 5; ++n) world.write(zoo.name(), zoo.bytes());
    world.write(".gitignore", "*.o\n");
    world.commit(), world.write("second", "s\n"), world.commit();
    if (zoo.below(4) == 0) zoo.merge();
    for (int n = zoo.below(12); n >= 0; --n) zoo.mutate();
    const auto before = world.manifest();
    const auto meta = snapshot(world, true);
    const auto unchanged = difference(before, world.manifest());
    INFO("by the snapshot: " << unchanged);
    REQUIRE(unchanged.empty());
    zoo.damage();
    back_to(world, meta);
    const auto wrong = difference(before, world.manifest());
    INFO(wrong);
    REQUIRE(wrong.empty());
  }
}
