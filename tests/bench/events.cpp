// One daemon however many start it at once; and no acknowledged event lost or counted twice, however often the daemon is killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "os/paths.hpp"
#include "peers/daemon_client.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;

// A child that waits for the start signal and becomes `kra daemon start`, its words going to `output`.
static pid_t starter(const std::string& kra, int gate, int output) {
  auto child = ::fork();
  if (child != 0) return child;
  char byte;
  (void)!::read(gate, &byte, 1);
  ::dup2(output, 1);
  ::execl(kra.c_str(), kra.c_str(), "daemon", "start", nullptr);
  ::_exit(127);
}

static std::string all_of(int fd) {
  std::string text;
  std::array<char, 4096> bytes;
  for (ssize_t got; (got = ::read(fd, bytes.data(), bytes.size())) > 0;) text.append(bytes.data(), static_cast<std::size_t>(got));
  return text;
}

struct Storm {
  std::size_t daemons = 0;
  int failures = 0;
  double slowest_ms = 0;
};

static Storm storm_of(const std::string& kra, int clients) {
  std::array<int, 2> gate{}, output{};
  if (::pipe(gate.data()) != 0 || ::pipe(output.data()) != 0) std::exit(2);
  std::vector<pid_t> children;
  for (int i = 0; i < clients; ++i) children.push_back(starter(kra, gate[0], output[1]));
  ::close(output[1]);
  auto begin = Clock::now();
  (void)!::write(gate[1], std::string(static_cast<std::size_t>(clients), 'x').data(), static_cast<std::size_t>(clients));
  auto said = all_of(output[0]);
  Storm storm{.slowest_ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count()};
  for (auto child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++storm.failures;
  }
  for (int fd : {gate[0], gate[1], output[0]}) ::close(fd);
  std::set<std::string_view> pids;
  for (auto line : split(said, "\n"))
    if (auto at = line.rfind(' '); at != std::string_view::npos) pids.insert(line.substr(at));
  storm.daemons = pids.size();
  return storm;
}

static bool measure_start(const Mode& mode, World& world) {
  Storm worst;
  int rounds = mode.sample ? 1 : 20, clients = 200;
  for (int round = 0; round < rounds; ++round) {
    auto storm = storm_of(world.kra(), clients);
    worst.daemons = std::max(worst.daemons, storm.daemons);
    worst.failures += storm.failures;
    worst.slowest_ms = std::max(worst.slowest_ms, storm.slowest_ms);
    world.must({world.kra(), "daemon", "stop"});
  }
  bool met = report(mode, {"200 clients at once: daemons", double(worst.daemons), 1, 1, "daemons", rounds, false});
  met = report(mode, {"200 clients at once: failures", double(worst.failures), 0, 0, "clients", rounds * clients, false}) && met;
  return report(mode, {"200 clients at once: all served after", worst.slowest_ms, 1e9, 0, "ms", rounds}) && met;
}

// Sends events one by one; kills the daemon before an event, between it and its answer, or after.
class Sender {
 public:
  Sender(World& world, Paths paths, std::uint64_t seed) : world_(world), paths_(std::move(paths)), random_(seed) {}

  void run(std::uint64_t events, std::uint64_t every) {
    auto next_kill = every / 2 + random_() % every;
    for (std::uint64_t seq = 1; seq <= events; ++seq) {
      bool killing = seq == next_kill;
      if (killing) next_kill += every;
      send(seq, killing ? static_cast<int>(random_() % 3) : -1);
    }
  }

  Value told() {
    connect();
    return *client_->request("events", Value::Map{}, patience());
  }
  const std::string& id() const { return id_; }
  int kills() const { return kills_; }

 private:
  static Patience patience() { return Patience::of(Milliseconds(20'000)); }

  void connect() {
    if (client_) return;
    for (int attempt = 0; attempt < 100 && !client_; ++attempt) {
      auto reached = reach(paths_, "", Start::never, patience());
      if (reached)
        client_ = std::move(*reached);
      else
        world_.must({world_.kra(), "daemon", "start"});
    }
    if (!client_) std::exit(2);
    pid_ = static_cast<pid_t>(client_->greeting()["pid"].number_or(0));
  }

  void kill_daemon() {
    if (pid_ <= 1) std::exit(2);
    ::kill(pid_, SIGKILL);
    ++kills_;
  }

  void send(std::uint64_t seq, int kill_at) {
    Event event{.source = "tmux", .server = paths_.runtime + "/no-server", .client = id_, .seq = seq};
    for (;;) {
      connect();
      if (kill_at == 0) kill_daemon();
      // The daemon dies with the event in its queue: whether it had written it down nobody knows, so it is sent again.
      if (kill_at == 1 && client_->notify("event", to_value(event), patience())) kill_daemon();
      auto acknowledged = client_->request("event", to_value(event), patience());
      if (acknowledged && kill_at == 2) kill_daemon();
      if (!acknowledged || kill_at == 2) client_.reset();
      if (acknowledged) return;
      kill_at = -1;
    }
  }

  World& world_;
  Paths paths_;
  std::mt19937_64 random_;
  std::string id_ = new_uuid();
  std::optional<DaemonClient> client_;
  pid_t pid_ = 0;
  int kills_ = 0;
};

static bool measure_events(const Mode& mode, World& world) {
  auto paths = find_paths();
  if (!paths) return false;
  std::uint64_t events = mode.sample ? 1'000 : 100'000, every = mode.sample ? 50 : 1'000;
  Sender sender(world, *paths, mode.seed);
  auto begin = Clock::now();
  sender.run(events, every);
  auto seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  auto told = sender.told();
  std::int64_t seq = 0, count = 0;
  if (told["senders"].array())
    for (const auto& row : *told["senders"].array())
      if (row["client"].text_or("") == sender.id()) seq = row["seq"].number_or(0), count = row["count"].number_or(0);
  auto wrong = std::abs(static_cast<std::int64_t>(events) - count) + std::abs(static_cast<std::int64_t>(events) - seq) +
               std::abs(static_cast<std::int64_t>(events) - told["pending"].number_or(0));
  auto n = static_cast<std::int64_t>(events);
  bool met = report(mode, {cat("events lost or counted twice, the daemon killed ", sender.kills(), " times"), double(wrong), 0, 0, "events", n, false});
  return report(mode, {"events acknowledged in a second, kills and starts included", double(events) / seconds, 1, 0, "events/s", n, true, true}) && met;
}

int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  World world;
  ::setenv("KRA_AUTOSAVE_TIMEOUT_MS", "3600000", 1);
  ::setenv("KRA_AUTOSAVE_MAX_WAIT_MS", "3600000", 1);
  bool met = measure_start(mode, world);
  met = measure_events(mode, world) && met;
  world.must({world.kra(), "daemon", "stop"});
  return met ? 0 : 1;
}
