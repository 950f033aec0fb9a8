// Compare-and-swap beside writers that never stop: one thread brings a line of its own into a file, again and again, while writers of three kinds
// (append; open, wait, write; read and rename) save lines into it. At the end every line whose save had returned must be in the file, or in a slot.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "os/live_tree.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/support/workers.hpp"

using namespace kra;
using namespace kra::bench;
namespace fs = std::filesystem;

namespace {

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Swaps {
 public:
  // `plain`: what most programs do instead, read and rename over, to show that the measurement sees losses.
  Swaps(const std::string& directory, int kind, int writers, int saves, bool plain)
      : root_(directory + "/tree"), slots_(directory + "/slots"), kind_(kind), saves_(saves) {
    fs::create_directories(root_), fs::create_directories(slots_);
    std::ofstream(path()) << "first\n";
    std::vector<std::thread> threads;
    for (int n = 0; n < writers; ++n) threads.emplace_back([this, n] { write(n); });
    plain ? overwrite() : swap();
    for (auto& thread : threads) thread.join();
  }

  // Lines that no file has.
  int lost() const {
    const auto missing = lost_lines();
    for (const auto& token : missing) std::fprintf(stderr, "lost: %s\n", token.c_str());
    return static_cast<int>(missing.size());
  }
  int lost_count() const { return static_cast<int>(lost_lines().size()); }
  int saved() const { return static_cast<int>(saved_.size()); }
  int swapped() const { return swapped_; }
  int refused() const { return refused_; }

 private:
  std::vector<std::string> lost_lines() const {
    std::set<std::string> found;
    take(slurp(path()), found);
    for (const auto& slot : fs::directory_iterator(slots_)) take(slurp(slot.path()), found);
    std::vector<std::string> missing;
    for (const auto& token : saved_)
      if (!found.contains(token)) missing.push_back(token);
    return missing;
  }
  std::string path() const { return root_ + "/file"; }
  static void take(const std::string& text, std::set<std::string>& found) {
    for (const auto line : split(text, "\n")) found.emplace(line);
  }

  void write(int number) {
    std::mt19937 random(static_cast<unsigned>(number));
    for (int n = 0; n < saves_; ++n) {
      const auto token = cat("w", number, "-", n);
      // Room for a swap now and then: without any only the writers would be measured.
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
      if (!(kind_ == 0 ? append(token) : kind_ == 1 ? slow(token, random) : rename(token, number))) continue;
      std::lock_guard held(lock_);
      saved_.insert(token);
    }
    ++ended_;
  }
  bool append(const std::string& token) const {
    Fd fd(::open(path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const auto line = token + "\n";
    return fd && ::write(fd.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }
  bool slow(const std::string& token, std::mt19937& random) const {
    Fd fd(::open(path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    const auto line = token + "\n";
    return fd && ::write(fd.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }
  // One such writer at a time: two would overwrite each other's lines by themselves. What it read is the newest, or it wipes what a swap brought in
  // between: its own lines must all be there.
  bool rename(const std::string& token, int number) const {
    const auto next = cat(root_, "/.next", number);
    auto text = slurp(path());
    if (text.empty()) return false;
    std::ofstream(next, std::ios::binary) << text << token << "\n";
    return ::rename(next.c_str(), path().c_str()) == 0;
  }

  void swap() {
    auto tree = LiveTree::open(root_, slots_);
    if (!tree) return void(std::fprintf(stderr, "%s\n", tree.error().what.c_str()));
    const int writers = kind_ == 2 ? 1 : 2;
    for (int n = 0; ended_ < writers; ++n) {
      auto known = tree->read("file", 1U << 30, Patience::of(Milliseconds(5)));
      if (!known) {
        ++refused_;
        continue;
      }
      const auto bytes = cat("sync-", n, "\n", known->bytes);
      const auto slot = cat("slot-", n);
      if (tree->put("file", {.bytes = bytes}, *known, slot)) ++swapped_;
      else ++refused_;
      settle(*tree, slot, known->bytes, bytes);
    }
  }
  void overwrite() {
    const int writers = kind_ == 2 ? 1 : 2;
    for (int n = 0; ended_ < writers; ++n, ++swapped_) {
      const auto next = root_ + "/.plain";
      std::ofstream(next, std::ios::binary) << "sync-" << n << "\n" << slurp(path());
      std::error_code ignored;
      fs::rename(next, path(), ignored);
    }
  }

  // As a sync does it: what is as it was goes, anything else is kept (here: stays, to be found at the end).
  static void settle(LiveTree& tree, const std::string& slot, const std::string& before, const std::string& after) {
    const auto content = tree.read_slot(slot, Patience::of(Milliseconds(2)));
    if (content && (content->bytes == before || content->bytes == after)) (void)tree.drop_slot(slot, *content);
  }

  std::string root_, slots_;
  int kind_, saves_;
  std::mutex lock_;
  std::set<std::string> saved_;
  std::atomic<int> ended_{0};
  int swapped_ = 0, refused_ = 0;
};

}  // namespace

struct Sum {
  int saves = 0, lost = 0, swapped = 0, put_off = 0;
  void operator+=(const Sum& other) { saves += other.saves, lost += other.lost, swapped += other.swapped, put_off += other.put_off; }
};

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  World world;
  bool met = true;
  int all = 0, lost = 0, swapped = 0;
  static const char* names[] = {"append", "slow", "rename"};
  // Writers mostly wait: many files at once, each of them fresh now and then, since a save copies the whole file.
  const int workers = mode.sample ? 2 : 12, rounds = mode.sample ? 2 : 228;
  for (int kind = 0; kind < 3; ++kind) {
    const auto sum = in_processes<Sum>(workers, [&](int worker) {
      Sum mine;
      for (int round = worker; round < rounds; round += workers) {
        const auto directory = cat(world.path(), "/", names[kind], round);
        {
          Swaps swaps(directory, kind, kind == 2 ? 1 : 2, mode.sample ? 400 : 900, false);
          mine += {swaps.saved(), swaps.lost(), swaps.swapped(), swaps.refused()};
        }
        fs::remove_all(directory);
      }
      return mine;
    });
    if (!sum) return std::fputs("a worker died\n", stderr), 2;
    std::fprintf(stderr, "%s: %d saves, %d lost, %d swaps, %d put off\n", names[kind], sum->saves, sum->lost, sum->swapped, sum->put_off);
    all += sum->saves, lost += sum->lost, swapped += sum->swapped;
  }
  met &= report(mode, {.bar = "saves lost beside compare-and-swap writes", .figure = static_cast<double>(lost), .limit = 0, .unit = "lost", .n = all, .timed = false});
  met &= report(mode, {.bar = "compare-and-swap writes that went in", .figure = static_cast<double>(swapped), .limit = 10, .unit = "writes", .n = swapped, .timed = false, .at_least = true});
  const Swaps plain(world.path() + "/plain", 0, 2, 400, true);
  met &= report(mode, {.bar = "saves lost beside plain renames (the measurement sees them)", .figure = static_cast<double>(plain.lost_count()), .limit = 1, .unit = "lost", .n = plain.saved(), .timed = false, .at_least = true});
  return met ? 0 : 1;
}
