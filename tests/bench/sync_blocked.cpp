// How long the saves of writers take who know nothing of kra, while syncs read their files and bring changes into the same ones, in both modes. Beside it
// how long they take when nobody syncs. Writers of three kinds (append; truncate and write; write beside and rename), each a process, save every few
// milliseconds; the other device changes every file before each sync.
//   sync_blocked --sample|--full [--seed N] [--seconds N]
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>

#include "base/fd.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/support/meeting.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

constexpr int files = 12, writers = 6;
std::string name_of(int n) { return cat("dir", n % 3, "/f", n); }

// Of many saves, by how long each took: tenths of a millisecond up to a hundred of them, then whole ones.
struct Delays {
  std::array<std::uint32_t, 2000> fine = {}, coarse = {};
  std::uint64_t saves = 0;
  double longest = 0;

  void note(double ms) {
    const auto tenths = static_cast<std::size_t>(ms * 10);
    if (tenths < fine.size()) ++fine[tenths];
    else ++coarse[std::min(static_cast<std::size_t>(ms), coarse.size() - 1)];
    ++saves, longest = std::max(longest, ms);
  }
  void add(const Delays& other) {
    for (std::size_t at = 0; at < fine.size(); ++at) fine[at] += other.fine[at], coarse[at] += other.coarse[at];
    saves += other.saves, longest = std::max(longest, other.longest);
  }
  double percentile(double part) const {
    auto left = static_cast<std::uint64_t>(static_cast<double>(saves) * part);
    for (std::size_t at = 0; at < fine.size(); ++at) {
      if (left <= fine[at]) return (static_cast<double>(at) + 1) / 10;
      left -= fine[at];
    }
    for (std::size_t at = 0; at < coarse.size(); ++at) {
      if (left <= coarse[at]) return static_cast<double>(at) + 1;
      left -= coarse[at];
    }
    return longest;
  }
};

bool all_of(int fd, void* into, std::size_t size) {
  for (auto* at = static_cast<char*>(into); size > 0;) {
    const auto got = ::read(fd, at, size);
    if (got <= 0) return false;
    at += got, size -= static_cast<std::size_t>(got);
  }
  return true;
}

void save(const std::string& path, int kind, const std::string& line) {
  const auto beside = path + ".new";
  const int how = kind == 0 ? O_APPEND : O_TRUNC;
  const Fd fd(::open((kind == 2 ? beside : path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0644));
  (void)!::write(fd.get(), line.data(), line.size());
  if (kind == 2) ::rename(beside.c_str(), path.c_str());
}

Delays write_until(Instant end, const std::string& root, int writer, std::uint64_t seed) {
  std::mt19937_64 random(seed * 100 + static_cast<std::uint64_t>(writer));
  Delays delays;
  while (Clock::now() < end) {
    // Each has files of its own, so that nobody waits for another writer.
    const auto path = cat(root, "/", name_of(writer + writers * static_cast<int>(random() % (files / writers))));
    const auto line = cat("a line of writer ", writer, ", number ", random() % 1000, "\n");
    const auto started = Clock::now();
    save(path, writer % 3, writer % 3 == 0 ? line : line + line);
    delays.note(std::chrono::duration<double, std::milli>(Clock::now() - started).count());
    std::this_thread::sleep_for(std::chrono::microseconds(2'000 + random() % 20'000));
  }
  return delays;
}

// `beside` is called again and again until the writers end.
template <class Beside>
std::optional<Delays> delays_of(const std::string& root, int seconds, std::uint64_t seed, Beside beside) {
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  std::vector<Fd> ends;
  for (int writer = 0; writer < writers; ++writer) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return std::nullopt;
    if (::fork() == 0) {
      const auto delays = write_until(end, root, writer, seed);
      ::_exit(::write(pipe[1], &delays, sizeof delays) == sizeof delays ? 0 : 2);
    }
    ::close(pipe[1]);
    ends.emplace_back(pipe[0]);
  }
  while (Clock::now() < end) beside();
  std::optional<Delays> all = Delays{};
  for (const auto& from : ends) {
    Delays delays;
    if (!all_of(from.get(), &delays, sizeof delays)) all.reset();
    else if (all) all->add(delays);
  }
  while (::wait(nullptr) > 0) {}
  return all;
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (int n = 0; n < files; ++n) names.push_back(name_of(n));
  return names;
}

struct Meeting : MeetingOfTwo {
  int syncs = 0, errors = 0;
  std::uint64_t pulled = 0, left = 0;

  explicit Meeting(std::string mode) : MeetingOfTwo(names()), mode_(std::move(mode)) {}
  void sync() {
    for (int n = 0; n < files; ++n) other.world.write(name_of(n), cat("from the other ", syncs, "\n", other.world.read(name_of(n)).substr(0, 400)));
    for (auto* device : {&other, &user})
      if (const auto report = device->sync(mode_, true); !report) ++errors, std::fprintf(stderr, "%s: %s\n", device->name.c_str(), report.error().what.c_str());
      else if (device == &user) pulled += report->pulled, left += report->left.size();
    ++syncs;
  }

 private:
  std::string mode_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  int seconds = mode.sample ? 3 : 60;
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--seconds") seconds = std::atoi(argv[i + 1]);
  World world;
  ::setenv("TMPDIR", world.path().c_str(), 1);
  bool met = true;
  for (const std::string kind : {"shadow", "track"}) {
    Meeting meeting(kind);
    const auto alone = delays_of(meeting.user.world.root, std::max(1, seconds / 4), mode.seed, [] { std::this_thread::sleep_for(Milliseconds(50)); });
    const auto beside = delays_of(meeting.user.world.root, seconds, mode.seed + 1, [&] { meeting.sync(); });
    if (!alone || !beside) return std::fprintf(stderr, "a writer died\n"), 2;
    std::fprintf(stderr, "%s: %d syncs, %llu files came in, %llu were left for later, %d errors\n", kind.c_str(), meeting.syncs, static_cast<unsigned long long>(meeting.pulled),
                 static_cast<unsigned long long>(meeting.left), meeting.errors);
    const auto n = static_cast<std::int64_t>(beside->saves);
    met &= report(mode, {.bar = cat("a writer's save beside syncs, p99, ", kind), .figure = beside->percentile(0.99), .limit = 50, .floor = alone->percentile(0.99), .unit = "ms", .n = n});
    met &= report(mode, {.bar = cat("a writer's save beside syncs, longest, ", kind), .figure = beside->longest, .limit = 1000, .floor = alone->longest, .unit = "ms", .n = n});
    met &= report(mode, {.bar = cat("files that came in beside writers, ", kind), .figure = static_cast<double>(meeting.pulled), .limit = 1, .unit = "", .n = meeting.syncs, .timed = false, .at_least = true});
    met &= report(mode, {.bar = cat("syncs that failed beside writers, ", kind), .figure = static_cast<double>(meeting.errors), .limit = 0, .unit = "", .n = meeting.syncs, .timed = false});
  }
  return met ? 0 : 1;
}
