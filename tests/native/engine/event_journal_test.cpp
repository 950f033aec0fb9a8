// An acknowledged event leads to a save, whatever happens to the daemon; one that is sent twice counts once.
#include "engine/event_journal.hpp"

#include <filesystem>
#include <fstream>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "engine/log_record.hpp"

using namespace kra;

namespace {

struct World {
  Scratch scratch;
  SystemDisk disk;
  std::string a = scratch / "events.journal", b = scratch / "events.journal.b";
  EventJournal open() { return EventJournal::open(disk, a, b); }
  std::uint64_t bytes() const {
    std::uint64_t all = 0;
    for (const auto& path : {a, b})
      if (std::filesystem::exists(path)) all += std::filesystem::file_size(path);
    return all;
  }
};

Event event(const std::string& server, const std::string& client = "", std::uint64_t seq = 0) {
  return {.source = "tmux", .args = {"x"}, .server = server, .client = client, .seq = seq};
}

// A disk on which appending fails while `full`, leaving a part of what was to be written.
class FullDisk : public SystemDisk {
 public:
  bool full = false;
  Result<void> append(const std::string& path, std::string_view bytes, bool durable) override {
    if (!full) return SystemDisk::append(path, bytes, durable);
    (void)SystemDisk::append(path, bytes.substr(0, bytes.size() / 2), durable);
    return Error{Fault::io, "no space left on device"};
  }
};

}  // namespace

TEST_CASE("what was accepted is pending in the next life") {
  World world;
  {
    auto journal = world.open();
    CHECK(journal.pending() == 0);
    CHECK(*journal.accept(event("/tmp/one", "c", 1)));
    CHECK(*journal.accept(event("/tmp/one", "c", 2)));
    CHECK(*journal.accept(event("/tmp/two")));
    CHECK(*journal.accept(event("")));
  }
  auto journal = world.open();
  CHECK(journal.accepted() == 4);
  CHECK(journal.pending("/tmp/one") == 2);
  CHECK(journal.pending_servers() == std::vector<std::string>{"/tmp/one", "/tmp/two"});
}

TEST_CASE("the same client and seq count once, in later lives too") {
  World world;
  {
    auto journal = world.open();
    CHECK(*journal.accept(event("/s", "c", 1)));
    CHECK_FALSE(*journal.accept(event("/s", "c", 1)));
  }
  auto journal = world.open();
  CHECK_FALSE(*journal.accept(event("/s", "c", 1)));
  CHECK(*journal.accept(event("/s", "c", 2)));
  CHECK(*journal.accept(event("/s", "d", 1)));
  CHECK(journal.senders().at("c").count == 2);
  CHECK(journal.accepted() == 3);
}

TEST_CASE("a save covers what came before it and nothing else") {
  World world;
  {
    auto journal = world.open();
    CHECK(*journal.accept(event("/s")));
    journal.begin("/s");
    CHECK(*journal.accept(event("/s")));
    CHECK(journal.pending("/s") == 2);
    REQUIRE(journal.finish("/s", true).ok());
    CHECK(journal.pending("/s") == 1);
  }
  {
    auto journal = world.open();
    CHECK(journal.pending("/s") == 1);
    journal.begin("/s");
    REQUIRE(journal.finish("/s", false).ok());
    CHECK(journal.pending("/s") == 1);
    journal.begin("/s");
    REQUIRE(journal.finish("/s", true).ok());
    CHECK(journal.pending() == 0);
  }
  CHECK(world.open().pending() == 0);
}

TEST_CASE("killed during a save, its events are pending again") {
  World world;
  {
    auto journal = world.open();
    CHECK(*journal.accept(event("/s")));
    journal.begin("/s");
  }
  CHECK(world.open().pending("/s") == 1);
}

TEST_CASE("a server that has ended has nothing pending") {
  World world;
  {
    auto journal = world.open();
    CHECK(*journal.accept(event("/s")));
    REQUIRE(journal.forget("/s").ok());
    REQUIRE(journal.forget("/never").ok());
  }
  CHECK(world.open().pending() == 0);
}

TEST_CASE("the journal stays small and forgets nothing") {
  World world;
  constexpr std::uint64_t many = 20'000;
  {
    auto journal = world.open();
    for (std::uint64_t seq = 1; seq <= many; ++seq) REQUIRE(*journal.accept(event("/s", "c", seq)));
  }
  CHECK(world.bytes() < 600'000);
  auto journal = world.open();
  CHECK(journal.accepted() == many);
  CHECK(journal.pending("/s") == many);
  CHECK(journal.senders().at("c").count == many);
  CHECK(journal.senders().at("c").seq == many);
}

TEST_CASE("cut at any byte, the journal is right up to the last whole record") {
  World world;
  std::vector<std::uint64_t> ends;
  {
    auto journal = world.open();
    for (std::uint64_t seq = 1; seq <= 4; ++seq) {
      ends.push_back(world.bytes());
      REQUIRE(*journal.accept(event("/s", "c", seq)));
    }
    ends.push_back(world.bytes());
  }
  auto file = std::filesystem::exists(world.b) && std::filesystem::file_size(world.b) > 0 ? world.b : world.a;
  auto whole = *world.disk.read(file, 1 << 20);
  for (std::size_t size = ends[0]; size <= whole.size(); ++size) {
    std::filesystem::remove(world.a);
    std::filesystem::remove(world.b);
    std::ofstream(file, std::ios::binary).write(whole.data(), static_cast<std::streamsize>(size));
    std::uint64_t expected = 0;
    while (expected + 1 < ends.size() && ends[expected + 1] <= size) ++expected;
    INFO("cut at " << size);
    auto journal = world.open();
    CHECK(journal.pending("/s") == expected);
    CHECK(*journal.accept(event("/s", "c", 9)));
    CHECK(world.open().pending("/s") == expected + 1);
  }
}

TEST_CASE("damage stops the reading, and never more") {
  World world;
  {
    auto journal = world.open();
    for (std::uint64_t seq = 1; seq <= 3; ++seq) REQUIRE(*journal.accept(event("/s", "c", seq)));
  }
  auto file = std::filesystem::exists(world.b) && std::filesystem::file_size(world.b) > 0 ? world.b : world.a;
  auto whole = *world.disk.read(file, 1 << 20);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::filesystem::remove(world.a);
    std::filesystem::remove(world.b);
    std::ofstream(file, std::ios::binary).write(damaged.data(), static_cast<std::streamsize>(damaged.size()));
    auto journal = world.open();
    INFO("damage at " << at);
    CHECK(journal.pending() < 3);
    CHECK(*journal.accept(event("/t")));
    CHECK(world.open().pending("/t") == 1);
  }
}

TEST_CASE("a full disk refuses the event, keeps the old ones and recovers") {
  World world;
  FullDisk disk;
  auto journal = EventJournal::open(disk, world.a, world.b);
  CHECK(*journal.accept(event("/s", "c", 1)));
  disk.full = true;
  CHECK_FALSE(journal.accept(event("/s", "c", 2)).ok());
  CHECK_FALSE(journal.accept(event("/s", "c", 2)).ok());
  CHECK(journal.pending("/s") >= 2);
  CHECK(world.open().senders().at("c").seq == 1);
  disk.full = false;
  CHECK(*journal.accept(event("/s", "c", 2)));
  CHECK(world.open().senders().at("c").seq == 2);
}

TEST_CASE("log records read back, and stop at what is not right") {
  std::string file;
  append_record(file, 7, "first");
  append_record(file, 8, "");
  auto good = file.size();
  append_record(file, 9, std::string(1000, 'x'));
  file.pop_back();
  LogRecordReader reader(file);
  auto first = reader.next();
  REQUIRE(first);
  CHECK(first->type == 7);
  CHECK(first->payload == "first");
  CHECK(reader.next()->type == 8);
  CHECK_FALSE(reader.next());
  CHECK(reader.good() == good);
}
