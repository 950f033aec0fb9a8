// What snapshots and syncs cost in a large work tree: a snapshot of 13 changed paths, a sync with nothing to do and with one changed file, in both
// modes, through the program as a user runs it.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/text.hpp"
#include "os/command.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;
namespace fs = std::filesystem;

namespace {

class Tree {
 public:
  Tree(World& world, int files, const std::string& mode, std::uint64_t seed) : world_(world), root_(cat(world.path(), "/tree-", mode)), random_(seed), files_(files) {
    must({"git", "init", "-q", "--bare", "-b", "main", root_ + ".git"});
    must({"git", "init", "-q", "-b", "main", root_});
    for (int n = 0; n < files; ++n) write(n);
    git({"config", "user.name", "T"}), git({"config", "user.email", "t@t"}), git({"config", "gc.auto", "0"});
    git({"remote", "add", "origin", root_ + ".git"}), git({"add", "-A"}), git({"commit", "-qm", "first"}), git({"push", "-qu", "origin", "main"});
    kra({"enable", "--yes", "--mode", mode}), kra({"--confirm"}), kra({"snapshot"});
    // So that no file looks as if it might have changed in the same moment as it was read.
    (void)run({.argv = {"sleep", "2.5"}}, Patience::of(Milliseconds(10'000)));
    kra({}), kra({"snapshot"});
  }
  ~Tree() { fs::remove_all(root_); }

  void change(int count) {
    for (int n = 0; n < count; ++n) write(static_cast<int>(random_() % static_cast<std::uint64_t>(files_)));
  }
  double kra(std::vector<std::string> words) {
    words.insert(words.begin(), {world_.kra(), "sync"});
    const auto started = Clock::now();
    auto outcome = run({.argv = words, .directory = root_}, Patience::of(Milliseconds(300'000)));
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    if (!outcome || outcome->status != 0) std::fprintf(stderr, "kra: %s\n", outcome ? (outcome->output + outcome->errors).c_str() : outcome.error().what.c_str());
    return ms;
  }
  std::uint64_t store_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(std::string(std::getenv("KRA_STATE_DIR"))))
      if (entry.is_regular_file() && entry.path().string().find("objects.git/objects") != std::string::npos) bytes += entry.file_size();
    return bytes;
  }

 private:
  void write(int n) {
    const auto path = cat(root_, "/d", n / 100 % 40, "/e", n / 4000, "/f", n);
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream file(path);
    for (int line = 0; line < 8; ++line) file << hex(random_(), 16) << " some words that repeat themselves\n";
  }
  void must(std::vector<std::string> words) { (void)run({.argv = std::move(words)}, Patience::of(Milliseconds(300'000))); }
  void git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", root_});
    must(std::move(words));
  }

  World& world_;
  std::string root_;
  std::mt19937_64 random_;
  int files_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  World world;
  bool met = true;
  const int files = mode.sample ? 1000 : 100'000;
  const int rounds = mode.sample ? 3 : 9;
  for (const char* kind : {"shadow", "track"}) {
    Tree tree(world, files, kind, mode.seed);
    std::vector<double> snapshots, nothing, one;
    std::uint64_t grown = 0;
    for (int n = 0; n < rounds; ++n) {
      tree.change(13);
      const auto before = tree.store_bytes();
      snapshots.push_back(tree.kra({"snapshot"}));
      grown = std::max(grown, tree.store_bytes() - before);
      tree.kra({});
      nothing.push_back(tree.kra({}));
      tree.change(1);
      one.push_back(tree.kra({}));
    }
    const auto where = cat(files, " files, ", kind);
    // As a program of its own, without a watcher: each time the whole tree is looked at.
    met &= report(mode, {.bar = "snapshot of 13 changed paths, " + where, .figure = median(snapshots), .limit = 15, .unit = "ms", .n = rounds});
    met &= report(mode, {.bar = "growth of the store by it, " + where, .figure = static_cast<double>(grown) / 1000, .limit = 100, .unit = "KB", .n = rounds});
    met &= report(mode, {.bar = "sync with nothing to do, " + where, .figure = median(nothing), .limit = 60, .unit = "ms", .n = rounds});
    met &= report(mode, {.bar = "sync of one changed file, " + where, .figure = median(one), .limit = 60, .unit = "ms", .n = rounds});
  }
  return met ? 0 : 1;
}
