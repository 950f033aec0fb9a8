// A user's git in a tight loop beside syncs that bring changes in, in both modes: how long kra holds the index.lock of the repository, and how many of the
// user's commands failed through it. Of the loop each command comes alone, so a lock in its way is ours.
//   sync_user_git --sample|--full [--seed N] [--commands N]
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "tests/bench/bench.hpp"
#include "tests/bench/support/meeting.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

// The calls that make and end a lock pass by here (--wrap in the Makefile).
class LockTimes {
 public:
  void of(const std::string& lock) { lock_ = lock, held_ms_.clear(); }
  void made(const char* path, int result) {
    if (result == 0 && lock_ == path) since_ = Clock::now();
  }
  void gone(const char* path, int result) {
    if (result != 0 || lock_ != path) return;
    held_ms_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - since_).count());
  }
  std::vector<double> held() const { return held_ms_; }

 private:
  std::string lock_;
  Instant since_;
  std::vector<double> held_ms_;
};
LockTimes lock_times;

}  // namespace

extern "C" {
int __real_link(const char* from, const char* to);
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);
int __wrap_link(const char* from, const char* to) {
  const int result = __real_link(from, to);
  lock_times.made(to, result);
  return result;
}
int __wrap_rename(const char* from, const char* to) {
  const int result = __real_rename(from, to);
  lock_times.gone(from, result);
  return result;
}
int __wrap_unlink(const char* path) {
  const int result = __real_unlink(path);
  lock_times.gone(path, result);
  return result;
}
}

namespace {

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (int n = 0; n < 200; ++n) names.push_back(cat("dir", n % 7, "/", n));
  return names;
}

struct Meeting : MeetingOfTwo {
  explicit Meeting(const std::string& mode) : MeetingOfTwo(names()), mode_(mode) {}

  void go(int commands) {
    lock_times.of(user.world.root + "/.git/index.lock");
    std::thread syncing([&] {
      for (int n = 0; !over_; ++n) {
        other.world.write(cat("from-other/", n % 20), cat(n, "\n"));
        for (auto* device : {&other, &user})
          if (const auto report = device->sync(mode_, false); !report) ++errors, std::fprintf(stderr, "%s: %s\n", device->name.c_str(), report.error().what.c_str());
          else pulled += device == &user ? report->pulled : 0;
        ++syncs;
      }
    });
    for (int n = 0; n < commands; ++n) one(n);
    over_ = true, syncing.join();
  }

  std::atomic<int> failed{0}, syncs{0}, errors{0};
  std::atomic<std::uint64_t> pulled{0};

 private:
  void one(int n) {
    static const std::vector<std::vector<std::string>> words = {{"status", "--porcelain"}, {"add", "mine"}, {"commit", "-q", "-m", "mine"}, {"diff", "--stat"}, {"log", "-1"},
                                                                {"update-index", "-q", "--refresh"}};
    const auto& next = words[static_cast<std::size_t>(n) % words.size()];
    if (next[0] == "add") user.world.write("mine", cat(n, "\n"));
    Command command{.argv = {"git"}, .environment = {"HOME=" + user.world.scratch.path(), "GIT_CONFIG_NOSYSTEM=1"}, .directory = user.world.root};
    command.argv.insert(command.argv.end(), next.begin(), next.end());
    const auto outcome = run(command, git_patience());
    if (outcome && outcome->status != 0 && outcome->errors.find("index.lock") != std::string::npos) ++failed;
  }

  std::string mode_;
  std::atomic<bool> over_{false};
};

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  int commands = mode.sample ? 120 : 10'000;
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--commands") commands = std::atoi(argv[i + 1]);
  World world;
  ::setenv("TMPDIR", world.path().c_str(), 1);
  bool met = true;
  for (const std::string kind : {"shadow", "track"}) {
    Meeting meeting(kind);
    meeting.go(commands);
    auto held = lock_times.held();
    std::sort(held.begin(), held.end());
    std::fprintf(stderr, "%s: %d commands, %d failed through our lock, %d syncs, %llu files came in, %zu locks, %d errors\n", kind.c_str(), commands, meeting.failed.load(), meeting.syncs.load(),
                 static_cast<unsigned long long>(meeting.pulled.load()), held.size(), meeting.errors.load());
    const auto failures = cat("git commands of a user that failed through our index.lock, mode ", kind);
    if (kind == "shadow") {
      met &= report(mode, {.bar = failures, .figure = static_cast<double>(meeting.failed + static_cast<int>(held.size())), .limit = 0, .unit = "commands", .n = commands, .timed = false});
      continue;
    }
    // Told, not judged: git itself does not wait for an index.
    met &= report(mode, {.bar = failures, .figure = static_cast<double>(meeting.failed), .limit = static_cast<double>(commands), .unit = "commands", .n = commands, .timed = false});
    const double p99 = held.empty() ? 1e9 : held[held.size() * 99 / 100];
    met &= report(mode, {.bar = "our index.lock held beside a user's git in a loop, p99", .figure = p99, .limit = 1, .unit = "ms", .n = static_cast<std::int64_t>(held.size())});
  }
  return met ? 0 : 1;
}
