// What keeping unsaved text costs, and that no record is lost or counted twice when the daemon is killed between every two messages.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "engine/group_commit.hpp"
#include "ffi/kra.h"
#include "os/paths.hpp"
#include "peers/daemon_client.hpp"
#include "tests/bench/bench.hpp"
#include "wire/msgpack.hpp"

using namespace kra;
using namespace kra::bench;

static std::string payload_of(std::uint64_t seq, Value map) { return pack(Value(Value::Array{seq, std::move(map)})); }

static std::string frame_of(DraftType type, std::uint64_t seq, Value map) {
  std::string out;
  append_frame(out, type, payload_of(seq, std::move(map)));
  return out;
}

static double microseconds_since(Instant begin) { return std::chrono::duration<double, std::micro>(Clock::now() - begin).count(); }

// Appends of one record, each turn of `per_turn` of them; us for one.
static double append_all(DraftAppender& appender, const std::string& frame, int appends, int per_turn) {
  auto begin = Clock::now();
  for (int i = 1; i <= appends; ++i)
    if (!appender.append(frame, i % per_turn == 0 ? DraftAppender::Turn::given_back : DraftAppender::Turn::kept)) std::exit(2);
  return microseconds_since(begin) / appends;
}

// The floor is a bare write() of the same bytes, side by side. In a turn of the daemon's loop a lock is taken once; the editor's own process takes it for each.
static bool measure_append(const Mode& mode, World& world) {
  SystemDisk disk;
  DraftAppender appender(disk, {world.path() + "/append/c.journal", "", ""});
  auto frame = frame_of(DraftType::edits, 1, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{10, 11, 1, std::string(120, 'x')}}}});
  int fd = ::open((world.path() + "/floor").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  int appends = mode.rounds(50'000), rounds = 28;
  std::vector<double> ours, alone, floors;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(append_all(appender, frame, appends, appends));
    auto begin = Clock::now();
    for (int i = 0; i < appends; ++i)
      if (::write(fd, frame.data(), frame.size()) < 0) std::exit(2);
    floors.push_back(microseconds_since(begin) / appends);
    alone.push_back(append_all(appender, frame, appends, 1));
  }
  ::close(fd);
  std::printf("# a record in a turn of its own: %.3g us; bare write %.3g us\n", median(alone), median(floors));
  return report(mode, {"a record appended to a draft journal", median(ours), 1, median(floors), "us", std::int64_t{rounds} * appends});
}

// What an edit costs until it outlives its editor: the copy into the net, by the library's own door.
static bool measure_net(const Mode& mode, World& world) {
  auto path = world.path() + "/c.net";
  const std::string editor("\x92\x00\x80", 3), line(120, 'x');
  auto* net = kra_net_open(path.c_str(), nullptr, editor.data(), editor.size(), nullptr, 0);
  if (!net) return skip("an edit kept where it outlives its editor", "the file system of the scratch directory keeps no room"), true;
  int edits = mode.rounds(2'000'000), rounds = 7;
  std::vector<double> ours;
  for (int round = 0; round < rounds; ++round) {
    auto begin = Clock::now();
    for (int i = 0; i < edits; ++i)
      if (kra_net_edit(net, "0123456789ab-1", 14, 1, 0, 10, 11, 1, line.data(), line.size()) != KRA_OK) kra_net_empty(net, 0);
    ours.push_back(microseconds_since(begin) / edits);
  }
  kra_net_close(net, 1);
  return report(mode, {"an edit kept where it outlives its editor", median(ours), 1, 0, "us", std::int64_t{rounds} * edits});
}

// Records at any pace for ten minutes of fake time: how often is the disk asked in the busiest second?
static bool measure_commits(const Mode& mode) {
  std::mt19937_64 random(mode.seed);
  GroupCommit commit;
  Instant now{}, end = now + std::chrono::minutes(10);
  std::vector<Instant> syncs;
  std::int64_t records = 0;
  while (now < end) {
    now += Milliseconds(random() % 400);
    commit.poke(now);
    ++records;
    while (commit.due() && *commit.due() <= now) {
      auto at = *commit.due();
      commit.ring(at);
      syncs.push_back(at);
      commit.done(true, at);
    }
  }
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < syncs.size(); ++last) {
    while (syncs[last] - syncs[first] >= Milliseconds(1000)) ++first;
    most = std::max(most, last - first + 1);
  }
  return report(mode, {"syncs of a draft journal within any second", double(most), 1, 0, "fdatasync", records, false});
}

// An editor that sends lines in messages of ten records; between every two messages the daemon dies.
class Sender {
 public:
  Sender(World& world, Paths paths, std::uint64_t seed) : world_(world), paths_(std::move(paths)), random_(seed) {}

  void run(std::uint64_t records) {
    send({record(DraftType::editor, Value::Map{{"id", id_}, {"pid", 1}}),
          record(DraftType::text, Value::Map{{"buffer", "b"}, {"scan", 1}, {"part", 0}, {"final", true}, {"text", ""}})},
         false);
    while (seq_ < records) {
      Value::Array message;
      for (int i = 0; i < 10 && seq_ < records; ++i) {
        auto line = static_cast<std::int64_t>(seq_ - 1);
        message.push_back(record(DraftType::edits, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{line, line, 1, cat("line ", line)}}}}));
      }
      send(std::move(message), random_() % 2 == 0);
    }
  }
  std::string journal() const { return cat(paths_.drafts(), "/", id_, ".journal"); }
  std::uint64_t sent() const { return seq_; }
  int kills() const { return kills_; }

 private:
  static Patience patience() { return Patience::of(Milliseconds(20'000)); }

  Value record(DraftType type, Value map) {
    ++seq_;
    return Value::Array{static_cast<int>(type), seq_, payload_of(seq_, std::move(map))};
  }

  DaemonClient connect() {
    for (int attempt = 0; attempt < 200; ++attempt) {
      if (auto reached = reach(paths_, "", Start::never, patience())) return std::move(*reached);
      world_.must({world_.kra(), "daemon", "start"});
    }
    std::exit(2);
  }
  void kill(const DaemonClient& client) {
    auto pid = static_cast<pid_t>(client.greeting()["pid"].number_or(0));
    if (pid <= 1) std::exit(2);
    ::kill(pid, SIGKILL);
    ++kills_;
  }

  // `twice`: the daemon dies with the message in its queue, so nobody knows whether it was kept, and it is sent again.
  void send(Value::Array records, bool twice) {
    Value param = Value::Map{{"client", id_}, {"records", std::move(records)}};
    if (twice) {
      auto client = connect();
      (void)client.notify("draft", param, patience());
      kill(client);
    }
    for (int attempt = 0; attempt < 100; ++attempt) {
      auto client = connect();
      auto answer = client.request("draft", param, patience());
      if (!answer) continue;
      return kill(client);
    }
    std::exit(2);
  }

  World& world_;
  Paths paths_;
  std::mt19937_64 random_;
  std::string id_ = new_uuid();
  std::uint64_t seq_ = 0;
  int kills_ = 0;
};

static bool measure_kills(const Mode& mode, World& world) {
  auto paths = find_paths();
  if (!paths) return false;
  Sender sender(world, *paths, mode.seed);
  sender.run(static_cast<std::uint64_t>(mode.rounds(100'000)));
  SystemDisk disk;
  auto bytes = disk.read(sender.journal(), draft_journal_limit);
  auto journal = bytes ? replay({*bytes}) : DraftJournal();
  auto wrong = static_cast<std::int64_t>(sender.sent()) - static_cast<std::int64_t>(journal.records);
  auto found = journal.buffers.find("b");
  // Line i is "line i", and an empty one is last: the text that was there first.
  bool right = found != journal.buffers.end() && found->second.lines;
  for (std::size_t at = 1; right && at + 1 < found->second.lines->size(); ++at) right = found->second.lines->line(at) == cat("line ", at);
  std::printf("# %d kills, %llu records\n", sender.kills(), static_cast<unsigned long long>(sender.sent()));
  return report(mode, {"draft records lost or counted twice, the daemon killed between every two messages", double(std::abs(wrong) + (right ? 0 : 1)), 0, 0, "records",
                       static_cast<std::int64_t>(sender.sent()), false});
}

// `--only kills` or `--only costs`: one of the two.
int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  std::string only;
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--only") only = argv[i + 1];
  World world;
  bool met = true;
  if (only != "kills") {
    met = measure_append(mode, world);
    met = measure_net(mode, world) && met;
    met = measure_commits(mode) && met;
  }
  if (only != "costs") met = measure_kills(mode, world) && met;
  world.must({world.kra(), "daemon", "stop"});
  return met ? 0 : 1;
}
