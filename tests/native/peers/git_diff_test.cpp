#include "peers/git_session.hpp"
#include "tests/native/git_world.hpp"

namespace kra {
namespace {

namespace fs = std::filesystem;

// Somebody who works in the tree, in any way.
class Worker {
 public:
  Worker(const GitWorld& world, std::uint64_t seed) : world_(world), random_(seed) {}

  void step() {
    std::error_code none;
    const auto path = any();
    switch (pick(22)) {
      case 0: case 1: case 2: case 3: return world_.write(path, hex(random_(), 16));
      case 4: return void(std::ofstream(world_.at(path), std::ios::app) << "more");
      case 5: case 6: return void(fs::remove_all(world_.at(path), none));
      case 7: return void(fs::create_directories(world_.at(path), none));
      case 8: case 9: return void(fs::rename(world_.at(path), world_.at(any()), none));
      case 10: return void(::chmod(world_.at(path).c_str(), pick(2) ? 0755 : 0600));
      case 11: return void(::chmod(world_.at(path.substr(0, 1)).c_str(), pick(2) ? 0755 : 0700));
      case 12: fs::remove_all(world_.at(path), none); return void(fs::create_symlink("a/b", world_.at(path), none));
      case 13: return world_.write(cat(pick(2) ? "" : "b/", ".gitignore"), pick(2) ? "*.log\nout/\n" : "x\n");
      case 14: return world_.write("out/" + path, "built");
      case 15: return void(world_.git({"add", "-A"}));
      case 16: return void(world_.git({"add", "-f", "--", path}));
      case 17: return void(world_.git({"rm", "-q", "-r", "--cached", "--ignore-unmatch", "--", path}));
      case 18: return world_.commit();
      case 19: return void(world_.git({"checkout", "-q", "-f", pick(2) ? "main" : "-"}));
      case 20: return world_.git({"init", "-q", world_.at("c/nested")}), world_.write("c/nested/file", "inner");
      default:
        if (!fs::exists(world_.at("c/nested/.git"))) return;
        return void(world_.git({"-c", "user.name=A", "-c", "user.email=a@a", "commit", "-q", "--allow-empty", "-m", "n"}, world_.at("c/nested")));
    }
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string any() {
    static const std::vector<std::string> names{"a", "b", "c", "x", "y.log", "out"};
    std::string path = names[pick(3)];
    for (auto depth = pick(3); depth > 0; --depth) path += "/" + names[pick(names.size())];
    return path;
  }

  const GitWorld& world_;
  std::mt19937_64 random_;
};

TEST_CASE("two trees differ as git says") {
  GitWorld world;
  Worker worker(world, 7);
  for (int step = 0; step < 30; ++step) worker.step();
  world.git({"checkout", "-q", "-f", "-B", "main"});
  world.commit();
  const auto place = find_repository(world.disk, world.root);
  REQUIRE(place);
  Git plain(place->git), talking(place->git);
  talking.talk_through(std::make_shared<GitSession>(Git(place->git)));
  auto before = world.git({"rev-parse", "HEAD"}).substr(0, 40);
  for (int round = 0; round < 12; ++round) {
    for (int step = 0; step < 15; ++step) worker.step();
    world.git({"checkout", "-q", "-f", "main"});
    world.commit();
    const auto after = world.git({"rev-parse", "HEAD"}).substr(0, 40);
    const auto git = diff_trees(plain, before, after, git_patience()), ours = diff_trees(talking, before, after, git_patience());
    REQUIRE(git);
    REQUIRE(ours);
    const auto text = [](const std::vector<PathChange>& changes) {
      std::string lines;
      for (const auto& change : changes) lines += cat(change.path, " ", change.before.mode, change.before.oid, " ", change.after.mode, change.after.oid, "\n");
      return lines;
    };
    CHECK(text(*ours) == text(*git));
    before = after;
  }
}

}  // namespace
}  // namespace kra
