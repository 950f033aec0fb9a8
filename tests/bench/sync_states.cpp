// Random states of a repository: a snapshot, damage, in half of them the user's gc with all reflogs gone, a rollback, and that undone. Each must be exactly
// what it was: types, permissions, bytes and links of every file, empty directories, the index to the byte, HEAD, the branch, an unfinished
// merge or rebase; and what git says of it.
//   sync_states --sample|--full [--seed N] [--states N] [--only STATE] [--until-wrong]
#include <cstdio>
#include <thread>

#include "engine/rollback.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/support/workers.hpp"
#include "tests/native/zoo.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

struct Sum {
  int states = 0, wrong = 0, unfinished = 0, collected = 0;
  void operator+=(const Sum& other) { states += other.states, wrong += other.wrong, unfinished += other.unfinished, collected += other.collected; }
};

using Manifest = std::map<std::string, std::string>;

// What git's own files say, without asking git.
Manifest repository_files(const GitScratch& world) {
  Manifest found;
  for (const char* name : {"index", "HEAD", "refs/heads/main", "refs/heads/elsewhere", "packed-refs", "MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "rebase-merge/onto",
                           "rebase-merge/git-rebase-todo", "rebase-merge/done", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"})
    if (world.has(cat(".git/", name))) found[cat(".git/", name)] = world.read(cat(".git/", name));
  return found;
}

std::string status_of(const GitScratch& world) { return world.git({"--no-optional-locks", "status", "--porcelain=v2", "--branch", "-uall"}); }

// What git says when it has to read each file: in an index from before they were written no look proves anything.
std::string status_by_content(const GitScratch& world) {
  if (!world.has(".git/index")) return status_of(world);
  const auto index = world.at(".git/index");
  const auto written = std::filesystem::last_write_time(index);
  std::filesystem::last_write_time(index, written - std::chrono::hours(24 * 365));
  auto said = status_of(world);
  std::filesystem::last_write_time(index, written);
  return said;
}

// With `ignored` false what git ignores is no part of a snapshot.
Manifest everything(const GitScratch& world, bool ignored, bool ask_git) {
  auto found = world.manifest(false);
  if (!ignored) std::erase_if(found, [](const auto& file) { return file.first.ends_with(".o"); });
  if (ask_git) found["(status)"] = status_of(world), found["(status by content)"] = status_by_content(world);
  for (const auto& [name, bytes] : repository_files(world))
    if (name != ".git/packed-refs" && !name.starts_with(".git/refs/")) found[name] = bytes;
  return found;
}

class State {
 public:
  State(std::uint32_t seed) : zoo_(world_, seed), ignored_(zoo_.below(3) != 0) {
    zoo_.steady_rules(!ignored_);
    if (zoo_.below(2)) world_.git({"config", "core.autocrlf", zoo_.below(2) ? "true" : "input"});
    for (int n = 0; n < 5; ++n) world_.write(zoo_.name(), zoo_.bytes());
    world_.write(".gitignore", "*.o\n");
    world_.commit(), world_.write("second", "s\n"), world_.commit();
    if (const int kind = zoo_.below(8); kind < 2) zoo_.merge(kind == 1), unfinished = true;
    for (int n = zoo_.below(12); n >= 0; --n) zoo_.mutate();
  }

  // What was wrong; empty when all was exact.
  std::string go() {
    const auto before = everything(world_, ignored_, true);
    auto taken = with_store([&](SyncStore& store) { return take_snapshot(store, {.ignored = ignored_}, git_patience()); });
    if (!taken) return "snapshot: " + taken.error().what;
    if (auto changed = difference(before, everything(world_, ignored_, true)); !changed.empty()) return "the snapshot changed\n" + changed;
    collected = zoo_.damage();
    const auto damaged = everything(world_, ignored_, false);
    auto done = with_store([&](SyncStore& store) { return roll_back(store, taken->meta, "here", git_patience()); });
    if (!done) return "rollback: " + done.error().what;
    if (auto wrong = difference(known(before), known(everything(world_, ignored_, true), before)); !wrong.empty()) return "rollback:\n" + wrong;
    // git itself names the empty blob, without making it, for a file that is only intended to be added.
    for (const auto line : split(world_.git({"fsck", "--connectivity-only"}), "\n"))
      if (line.starts_with("missing") && line.find(empty_blob(false)) == line.npos) return cat("an object is missing: ", line);
    auto undone = with_store([&](SyncStore& store) -> Result<RolledBack> {
      const auto undo = TRY(find_snapshot(store, done->undo_id, git_patience()));
      return roll_back(store, undo, "here", git_patience());
    });
    if (!undone) return "undo: " + undone.error().what;
    if (auto wrong = difference(damaged, everything(world_, ignored_, false)); !wrong.empty()) return "undo:\n" + wrong;
    return "";
  }
  bool unfinished = false, collected = false;

 private:
  // By the look of a file written in another second than the index git may have missed that an attribute makes it another one. No rollback brings a
  // look back: from then on git sees it.
  static Manifest known(Manifest found, const Manifest& before) {
    if (before.at("(status)") != before.at("(status by content)")) found.erase("(status)");
    return found;
  }
  static Manifest known(const Manifest& before) { return known(before, before); }

  Result<SyncStore> open() {
    const auto place = TRY(find_repository(world_.disk, world_.root));
    auto store = TRY(SyncStore::open(world_.disk, world_.paths, place, git_patience()));
    TRY(store.set_excludes({}));
    return store;
  }
  // As each command has it: opened, and let go.
  template <class Work>
  std::invoke_result_t<Work, SyncStore&> with_store(Work work) {
    auto store = TRY(open());
    return work(store);
  }

  GitScratch world_;
  Zoo zoo_;
  bool ignored_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  int states = mode.sample ? 100 : 10'000, only = -1;
  bool until_wrong = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--states" && i + 1 < argc) states = std::atoi(argv[i + 1]);
    if (std::string_view(argv[i]) == "--only" && i + 1 < argc) only = std::atoi(argv[i + 1]);
    if (std::string_view(argv[i]) == "--until-wrong") until_wrong = true;
  }
  // Nothing here needs a real disk: what is durable is the business of tests/faults.
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  World world;
  ::setenv("TMPDIR", world.path().c_str(), 1);
  const int workers = std::min(states, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));
  const auto sum = in_processes<Sum>(workers, [&](int worker) {
    Sum mine;
    for (int n = worker; n < states && !(until_wrong && mine.wrong > 0); n += workers) {
      if (only >= 0 && n != only) continue;
      const auto seed = static_cast<std::uint32_t>(mode.seed * 100'000 + static_cast<std::uint64_t>(n));
      State state(seed);
      const auto wrong = state.go();
      if (!wrong.empty()) std::fprintf(stderr, "seed %llu, state %d: %s\n", static_cast<unsigned long long>(mode.seed), n, wrong.c_str());
      ++mine.states, mine.wrong += !wrong.empty(), mine.unfinished += state.unfinished, mine.collected += state.collected;
    }
    return mine;
  });
  if (!sum) return std::fputs("a worker died\n", stderr), 2;
  std::fprintf(stderr, "seed %llu: %d states, %d in the middle of a merge or rebase, %d with a gc before the rollback\n", static_cast<unsigned long long>(mode.seed), sum->states,
               sum->unfinished, sum->collected);
  const bool met = report(mode, {.bar = "random states that did not come back exactly, or not twice", .figure = static_cast<double>(sum->wrong), .limit = 0, .unit = "states",
                                 .n = sum->states, .timed = false});
  return met ? 0 : 1;
}
