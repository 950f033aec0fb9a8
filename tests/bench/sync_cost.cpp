// What snapshots and syncs cost in a large work tree that the daemon watches: a snapshot of 13 changed paths, a sync with nothing to do and with one
// changed file, in both modes, through the program as a user runs it; a merge of 400 files. Beside each what bare git or the disk needs for as much.
// --sample: 1,000 files, where only counted things are judged; --full: 20,000 and 100,000, or --files N.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/text.hpp"
#include "engine/sync_merge.hpp"
#include "os/command.hpp"
#include "tests/bench/bench.hpp"
#include "tests/native/git_scratch.hpp"

using namespace kra;
using namespace kra::bench;
namespace fs = std::filesystem;

namespace {

double ms_since(Instant started) { return std::chrono::duration<double, std::milli>(Clock::now() - started).count(); }
const auto long_patience = [] { return Patience::of(Milliseconds(600'000)); };

class Tree {
 public:
  Tree(World& world, int files, const std::string& mode, const Mode& run, std::string git_log)
      : world_(world), root_(cat(world.path(), "/tree-", mode)), git_log_(std::move(git_log)), random_(run.seed), files_(files) {
    must({"git", "init", "-q", "--bare", "-b", "main", root_ + ".git"});
    must({"git", "init", "-q", "-b", "main", root_});
    for (int n = 0; n < files; ++n) write(n);
    git({"config", "user.name", "T"}), git({"config", "user.email", "t@t"}), git({"config", "gc.auto", "0"});
    git({"remote", "add", "origin", root_ + ".git"}), git({"add", "-A"}), git({"commit", "-qm", "first"}), git({"push", "-qu", "origin", "main"});
    kra({"enable", "--yes", "--mode", mode}), kra({"--confirm"});
    // So that no file looks as if it might have changed in the same moment as it was read.
    (void)kra::run({.argv = {"sleep", "2.5"}}, long_patience());
    // From here on the daemon watches it; it has looked at all of it when it has taken a snapshot.
    kra({"start"}), until_quiet(), kra({"snapshot"}), kra({"snapshot"}), kra({});
  }
  ~Tree() {
    kra({"stop"});
    fs::remove_all(root_);
  }

  void change(int count) {
    for (int n = 0; n < count; ++n) write(static_cast<int>(random_() % static_cast<std::uint64_t>(files_)));
  }
  double kra(std::vector<std::string> words) {
    words.insert(words.begin(), {world_.kra(), "sync"});
    return timed(std::move(words));
  }
  double git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", root_});
    return timed(std::move(words));
  }
  const std::string& root() const { return root_; }
  // Processes of git that were started since the call before; only where they are counted.
  double gits() {
    std::ifstream log(git_log_);
    std::string line;
    int count = 0;
    while (std::getline(log, line)) ++count;
    return count - std::exchange(counted_, count);
  }
  std::uint64_t store_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(std::string(std::getenv("KRA_STATE_DIR")))) {
      const auto path = entry.path().string();
      // One that a git is about to fill up is no growth yet.
      if (entry.is_regular_file() && path.find("objects.git/objects") != std::string::npos && path.find("/tmp_") == std::string::npos) bytes += entry.file_size();
    }
    return bytes;
  }
  // What a disk needs for the bytes of a snapshot, in one file.
  double disk(std::size_t bytes) const {
    const auto path = root_ + ".floor";
    const std::string text(bytes, 'x');
    const auto started = Clock::now();
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    ::close(fd);
    return written ? ms_since(started) : 0;
  }
  double update_index() {
    const auto path = cat("d", 0, "/e", 0, "/f", 0);
    write(0);
    const auto ms = git({"update-index", path});
    git({"reset", "-q"});
    return ms;
  }

 private:
  // The first sync that the daemon does by itself.
  void until_quiet() {
    for (int tries = 0; tries < 600; ++tries) {
      const auto said = kra::run({.argv = {world_.kra(), "sync", "status", "--json"}, .directory = root_}, long_patience());
      if (said && said->output.find("\"duration_ms\"") != std::string::npos && said->output.find("it runs now") == std::string::npos) return;
      std::this_thread::sleep_for(Milliseconds(100));
    }
  }
  double timed(std::vector<std::string> words) {
    const auto started = Clock::now();
    const auto outcome = kra::run({.argv = std::move(words), .directory = fs::exists(root_) ? root_ : ""}, long_patience());
    const auto ms = ms_since(started);
    if (!outcome || outcome->status != 0) std::fprintf(stderr, "%s\n", outcome ? (outcome->output + outcome->errors).c_str() : outcome.error().what.c_str());
    return ms;
  }
  void must(std::vector<std::string> words) { timed(std::move(words)); }
  void write(int n) {
    const auto path = cat(root_, "/d", n / 100 % 40, "/e", n / 4000, "/f", n);
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream file(path);
    for (int line = 0; line < 8; ++line) file << hex(random_(), 16) << " some words that repeat themselves\n";
  }

  World& world_;
  std::string root_, git_log_;
  std::mt19937_64 random_;
  int files_;
  int counted_ = 0;
};

// Every git that kra or a git starts by its name leaves a line. Costs a shell each: where time is judged nothing is counted.
std::string count_gits(const World& world) {
  const auto found = kra::run({.argv = {"sh", "-c", "command -v git"}}, long_patience());
  const auto real = found ? found->output.substr(0, found->output.find('\n')) : "git";
  fs::create_directory(world.path() + "/bin");
  const auto log = world.path() + "/gits";
  std::ofstream(world.path() + "/bin/git") << "#!/bin/sh\necho \"$*\" >>" << log << "\nexec " << real << " \"$@\"\n";
  fs::permissions(world.path() + "/bin/git", fs::perms::owner_all);
  ::setenv("PATH", cat(world.path(), "/bin:", std::getenv("PATH")).c_str(), 1);
  std::ofstream(log) << "";
  return log;
}

bool costs(World& world, const Mode& mode, int files, const std::string& git_log) {
  bool met = true;
  const int rounds = mode.sample ? 3 : 15;
  double shadow = 0;
  for (const char* kind : {"shadow", "track"}) {
    Tree tree(world, files, kind, mode, git_log);
    std::vector<double> snapshots, nothing, one, asked, indexed, synced;
    std::uint64_t grown = 0;
    double snapshot_gits = 0, nothing_gits = 0, one_gits = 0;
    for (int n = 0; n < rounds; ++n) {
      tree.change(13);
      const auto before = tree.store_bytes();
      tree.gits();
      snapshots.push_back(tree.kra({"snapshot"}));
      snapshot_gits = std::max(snapshot_gits, n == 0 ? 0 : tree.gits());
      grown = std::max(grown, tree.store_bytes() - before);
      synced.push_back(tree.disk(grown));
      tree.kra({});
      tree.gits();
      nothing.push_back(tree.kra({}));
      nothing_gits = std::max(nothing_gits, tree.gits());
      asked.push_back(tree.git({"ls-remote", "origin", "refs/heads/main"}));
      tree.change(1);
      tree.gits();
      one.push_back(tree.kra({}));
      one_gits = std::max(one_gits, tree.gits());
      if (n < 5) indexed.push_back(tree.update_index());
      tree.kra({});
    }
    const auto where = cat(files, " files, ", kind);
    const double limit = std::strcmp(kind, "shadow") == 0 ? 60 : shadow + 1.2 * median(indexed);
    if (limit == 60) shadow = median(one);
    met &= report(mode, {.bar = "snapshot of 13 changed paths, " + where, .figure = median(snapshots), .limit = 15, .floor = median(synced), .unit = "ms", .n = rounds});
    met &= report(mode, {.bar = "growth of the store by it, " + where, .figure = static_cast<double>(grown) / 1000, .limit = 100, .unit = "KB", .n = rounds, .timed = false});
    met &= report(mode, {.bar = "nothing to do, with a question to the remote, " + where, .figure = median(nothing), .limit = 1.5 * median(asked), .floor = median(asked), .unit = "ms", .n = rounds});
    met &= report(mode, {.bar = "one changed file, push included, " + where, .figure = median(one), .limit = limit, .floor = median(indexed), .unit = "ms", .n = rounds});
    if (git_log.empty()) continue;
    // The daemon goes on watching.
    tree.gits();
    std::this_thread::sleep_for(Milliseconds(1000));
    met &= report(mode, {.bar = "processes of a clean watched root, " + where, .figure = tree.gits(), .limit = 0, .unit = "", .n = 1, .timed = false});
    met &= report(mode, {.bar = "processes of a snapshot, " + where, .figure = snapshot_gits, .limit = 0, .unit = "", .n = rounds - 1, .timed = false});
    met &= report(mode, {.bar = "processes with nothing to do and a question to the remote, " + where, .figure = nothing_gits, .limit = 1, .floor = 1, .unit = "", .n = rounds, .timed = false});
    // The push, and where the branch moves the index.
    met &= report(mode, {.bar = "processes of one changed file, " + where, .figure = one_gits, .limit = kind[0] == 's' ? 1.0 : 2.0, .floor = kind[0] == 's' ? 1.0 : 2.0, .unit = "", .n = rounds, .timed = false});
  }
  return met;
}

// 200 files changed on each side, 10 of them on both: from the trees to the commit's tree and what is to be written.
bool merge_cost(const Mode& mode) {
  GitScratch world;
  const auto write = [&](int n, const char* text) { world.write(cat("d", n % 40, "/f", n), cat(text, "\n", n, "\nmore\n")); };
  for (int n = 0; n < 2000; ++n) write(n, "base");
  auto place = find_repository(world.disk, world.root);
  auto store = SyncStore::open(world.disk, world.paths, *place, git_patience());
  if (!store || !store->set_excludes({})) return false;
  const auto tree = [&] {
    auto index = user_index(*store);
    auto state = index ? look_at_tree(*store, *index, {}, git_patience()) : Result<std::shared_ptr<const WorkState>>(index.error());
    return state ? (*state)->tree : std::string();
  };
  const auto base = tree();
  for (int n = 0; n < 200; ++n) write(n, "here");
  const auto ours = tree();
  for (int n = 0; n < 200; ++n) write(n, "base");
  for (int n = 190; n < 390; ++n) write(n, "there");
  const auto theirs = tree();
  std::vector<double> figures;
  std::size_t conflicts = 0;
  for (int n = 0; n < mode.rounds(300); ++n) {
    const auto started = Clock::now();
    auto merged = merge_trees(*store, {base, ours, theirs, "there", false, {}}, git_patience());
    if (!merged) return std::fprintf(stderr, "merge: %s\n", merged.error().what.c_str()), false;
    conflicts = merged->conflicts.size();
    merged->changes.insert(merged->changes.begin(), {"", "040000", merged->tree});
    Import import;
    const int mark = import.commit({.ref = {}, .committer = own_identity({}), .message = "merged", .changes = std::move(merged->changes)});
    auto written = import.run(store->git(), git_patience());
    if (!written || !diff_trees(store->git(), ours, written->trees[mark], git_patience())) return false;
    figures.push_back(ms_since(started));
  }
  bool met = report(mode, {.bar = "conflicts of the merge", .figure = static_cast<double>(conflicts), .limit = 10, .unit = "", .n = 1, .timed = false});
  return report(mode, {.bar = "merge of 400 files, 10 conflicts, before the apply", .figure = median(figures), .limit = 20, .unit = "ms", .n = static_cast<std::int64_t>(figures.size())}) && met;
}

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  std::vector<int> sizes = mode.sample ? std::vector{1000} : std::vector{20'000, 100'000};
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--files") sizes = {static_cast<int>(parse_int(argv[i + 1]).value_or(1000))};
  bool met = true;
  {
    World world;
    const auto log = mode.sample ? count_gits(world) : std::string();
    for (const int files : sizes) met &= costs(world, mode, files, log);
  }
  met &= merge_cost(mode);
  return met ? 0 : 1;
}
