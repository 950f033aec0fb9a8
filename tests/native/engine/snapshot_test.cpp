#include "engine/snapshot.hpp"

#include <cstdio>

#include "engine/rollback.hpp"
#include "tests/native/git_world.hpp"

using namespace kra;

namespace {

const std::string device = "here";

SnapshotMeta snapshot(GitWorld& world, bool ignored = false) {
  auto store = world.store();
  auto taken = take_snapshot(store, {.ignored = ignored}, {}, git_patience());
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

// --- random states ------------------------------------------------------------------------------------------------------
namespace {

class Zoo {
 public:
  Zoo(GitWorld& world, std::uint32_t seed) : world_(world), random_(seed) {}

  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint32_t>(limit)); }
  std::string name() {
    static const char* names[] = {"a", "b", "dir/c", "dir/deep/d", "with space", "n\xc3\xa4me", "x.txt", "line\nbreak", "\"quote", "dir/e.txt", "new/f", "g"};
    return names[below(12)];
  }
  std::string bytes() {
    static const char* texts[] = {"", "one\n", "one\r\ntwo\n", "no end", "\r\n\r\n", "binary \x01\x02"};
    return std::string(texts[below(6)]) + (below(2) ? cat(below(50), "\n") : "");
  }
  void mutate() {
    const auto path = name();
    switch (below(18)) {
      case 0:
      case 1: file(path); break;
      case 2: world_.remove(path); break;
      case 3: {
        static const unsigned modes[] = {0755, 0644, 0600, 0640, 0700};
        if (world_.has(path) && !std::filesystem::is_symlink(world_.at(path))) ::chmod(world_.at(path).c_str(), modes[below(5)]);
        break;
      }
      case 4: {
        static const char* targets[] = {"a", "nowhere", "dir", "../outside"};
        world_.remove(path), parents(path), ::symlink(targets[below(4)], world_.at(path).c_str());
        break;
      }
      case 5: world_.git({"add", "-A"}); break;
      case 6: world_.git({"add", "--", path}); break;
      case 7: std::filesystem::create_directories(world_.at(cat("empty", below(3), "/inner"))); break;
      case 8: world_.write(cat("skip", below(3), ".o"), bytes()); break;
      case 9: world_.git({"update-index", below(2) ? "--assume-unchanged" : "--no-assume-unchanged", "--", path}); break;
      case 10: world_.git({"update-index", "--skip-worktree", "--", path}); break;
      case 11: world_.git({"rm", "-q", "--cached", "--", path}); break;
      case 12: world_.git({"mv", "--", path, name()}); break;
      case 13: world_.git({"commit", "-q", "-m", "c"}); break;
      case 14: file(path), world_.git({"add", "-N", "--", path}); break;
      case 15: world_.remove(path), world_.write(path + "/below", bytes()); break;
      case 16: world_.write(".gitignore", below(2) ? "*.o\n" : "*.o\n*.txt\n"); break;
      case 17: world_.write(".gitattributes", below(2) ? "* text=auto\n" : "*.txt ident eol=crlf\n"); break;
    }
  }
  void merge() {
    world_.write("both", "base\n"), world_.commit();
    world_.git({"checkout", "-qb", cat("side", below(1000))}), world_.write("both", "side\n"), world_.commit();
    world_.git({"checkout", "-q", "main"}), world_.write("both", "main\n"), world_.commit();
    world_.git({"merge", "-q", "@{-1}"});
  }
  void damage() {
    for (int n = below(8); n >= 0; --n) mutate();
    if (below(3) == 0) world_.git({"reset", "-q", "--hard"}), world_.git({"clean", "-qfd"});
    if (below(3) == 0) world_.git({"checkout", "-q", "-f", "-B", "elsewhere", "HEAD~1"});
    if (below(2) == 0) world_.git({"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"}), world_.git({"gc", "-q", "--prune=now"});
  }

 private:
  void parents(const std::string& path) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(world_.at(path)).parent_path(), ignored);
  }
  void file(const std::string& path) {
    if (std::filesystem::is_directory(std::filesystem::symlink_status(world_.at(path)))) world_.remove(path);
    world_.write(path, bytes());
  }
  GitWorld& world_;
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("any state comes back exactly", "[property]") {
  const char* wanted = std::getenv("KRA_STATES");
  const char* seed_text = std::getenv("KRA_SEED");
  const int states = wanted ? std::atoi(wanted) : 24;
  const auto first = static_cast<std::uint32_t>(seed_text ? std::atoi(seed_text) : 1);
  std::fprintf(stderr, "random states: %d from seed %u\n", states, first);
  for (std::uint32_t seed = first; seed < first + static_cast<std::uint32_t>(states); ++seed) {
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
    if (!wrong.empty() && std::getenv("KRA_KEEP")) std::system(("cp -a " + world.root + " /tmp/kept").c_str());
    REQUIRE(wrong.empty());
  }
}
