// Frames get to the journal, or to the second place, or the caller is told; each is read once.
#include "engine/draft_appender.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "../catch.hpp"
#include "../os/fake_disk.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "engine/draft_frame.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

std::string frame(std::uint64_t seq, std::size_t size = 10) {
  std::string out;
  append_frame(out, DraftType::edits, pack(Value(Value::Array{seq, Value::Map{{"text", std::string(size, 'x')}}})));
  return out;
}

struct World {
  Scratch scratch;
  SystemDisk disk;
  DraftPlaces places{scratch / "state/drafts/c.journal", scratch / "run/drafts/c.journal", scratch / "state/drafts/reserve"};

  std::vector<std::uint64_t> seqs(const std::string& path) {
    std::vector<std::uint64_t> all;
    auto bytes = disk.read(path, draft_journal_limit);
    if (bytes)
      for (const auto& found : find_frames(*bytes).frames) all.push_back(found.seq);
    return all;
  }
};

// Refuses to add below `broken`, as a full disk does: a part may have been written and taken back.
class BrokenDisk : public SystemDisk {
 public:
  std::string broken;
  std::string freed_by;  // a file whose removal makes room
  Result<std::unique_ptr<Appender>> open_append(const std::string& path) override {
    struct Broken : Appender {
      BrokenDisk* disk;
      std::unique_ptr<Appender> real;
      std::string path;
      Result<void> append(std::string_view bytes, Turn turn) override {
        if (!disk->broken.empty() && path.starts_with(disk->broken)) return Error{Fault::io, "no space left on device"};
        return real->append(bytes, turn);
      }
      void rest() override { real->rest(); }
      Result<void> sync() override { return real->sync(); }
    };
    auto made = std::make_unique<Broken>();
    made->disk = this;
    made->path = path;
    made->real = TRY(SystemDisk::open_append(path));
    return std::unique_ptr<Appender>(std::move(made));
  }
  Result<void> remove(const std::string& path) override {
    if (path == freed_by) broken.clear();
    return SystemDisk::remove(path);
  }
};

}  // namespace

TEST_CASE("frames go to the journal, whose directory is made") {
  World world;
  DraftAppender appender(world.disk, world.places);
  CHECK_FALSE(world.disk.info(world.scratch / "state").ok());
  REQUIRE(*appender.append(frame(1)) == DraftAppender::Place::first);
  REQUIRE(*appender.append(frame(2) + frame(3)) == DraftAppender::Place::first);
  REQUIRE(appender.appender()->sync().ok());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1, 2, 3});
  struct stat info {};
  REQUIRE(::stat(world.places.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(appender.trouble().empty());
}

TEST_CASE("a journal that was replaced or removed under an open one is found again") {
  World world;
  DraftAppender appender(world.disk, world.places);
  REQUIRE(appender.append(frame(1)).ok());
  REQUIRE(world.disk.replace(world.places.path, frame(1) + frame(2)).ok());
  REQUIRE(appender.append(frame(3)).ok());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1, 2, 3});
  std::filesystem::remove_all(world.scratch / "state");
  REQUIRE(appender.append(frame(4)).ok());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{4});
}

TEST_CASE("two writers of one journal never mix their frames") {
  World world;
  auto write = [&](std::uint64_t from) {
    SystemDisk disk;
    DraftAppender appender(disk, world.places);
    bool all = true;
    for (std::uint64_t seq = from; seq < from + 300; ++seq) all = appender.append(frame(seq, seq % 5000)).ok() && all;
    return all;
  };
  bool other = false;
  std::thread thread([&] { other = write(1000); });
  CHECK(write(1));
  thread.join();
  CHECK(other);
  CHECK(world.seqs(world.places.path).size() == 600);
  CHECK(find_frames(*world.disk.read(world.places.path, draft_journal_limit)).damaged.empty());
}

TEST_CASE("a turn that is kept lasts until it is given back, over any number of frames") {
  World world;
  DraftAppender ours(world.disk, world.places), theirs(world.disk, {world.places.path, "", ""});
  REQUIRE(ours.append(frame(1), DraftAppender::Turn::kept).ok());
  REQUIRE(ours.append(frame(2), DraftAppender::Turn::kept).ok());
  CHECK(theirs.append(frame(3)).error().fault == Fault::busy);
  CHECK(world.disk.hold_appends(world.places.path, [] { return Result<void>(); }).error().fault == Fault::busy);
  ours.rest();
  REQUIRE(theirs.append(frame(3)).ok());
  SECTION("a file that takes its place meanwhile is found at the next turn") {
    REQUIRE(renew_journal(world.disk, world.places.path).ok());
    REQUIRE(ours.append(frame(4)).ok());
    CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1, 2, 3, 4});
  }
  SECTION("who lets go gives it back, also while another syncs") {
    REQUIRE(ours.append(frame(4), DraftAppender::Turn::kept).ok());
    auto syncing = ours.appender();
    ours.let_go();
    REQUIRE(theirs.append(frame(5)).ok());
    CHECK(syncing->sync().ok());
  }
}

TEST_CASE("a frame that does not fit gives the turn back and leaves the file as it was") {
  World world;
  DraftAppender ours(world.disk, {world.places.path, "", ""}), theirs(world.disk, {world.places.path, "", ""});
  REQUIRE(ours.append(frame(1), DraftAppender::Turn::kept).ok());
  struct rlimit before {}, limit {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  limit = before;
  limit.rlim_cur = 200;
  ::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  auto refused = ours.append(frame(2, 1000), DraftAppender::Turn::kept);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, SIG_DFL);
  CHECK_FALSE(refused.ok());
  REQUIRE(theirs.append(frame(3)).ok());
  CHECK(find_frames(*world.disk.read(world.places.path, draft_journal_limit)).damaged.empty());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("what does not fit goes to the second place, and home when there is room") {
  World world;
  BrokenDisk disk;
  DraftAppender appender(disk, world.places);
  REQUIRE(appender.append(frame(1)).ok());
  disk.broken = world.scratch / "state";
  REQUIRE(*appender.append(frame(2)) == DraftAppender::Place::second);
  REQUIRE(*appender.append(frame(3)) == DraftAppender::Place::second);
  CHECK(appender.trouble() == "no space left on device");
  CHECK_FALSE(appender.move_home().ok());
  CHECK(world.seqs(world.places.second) == std::vector<std::uint64_t>{2, 3});
  disk.broken.clear();
  REQUIRE(*appender.append(frame(4)) == DraftAppender::Place::first);
  REQUIRE(appender.move_home().ok());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1, 4, 2, 3});
  CHECK_FALSE(disk.info(world.places.second).ok());
  CHECK(appender.move_home().ok());
}

TEST_CASE("without any place the caller keeps what it has") {
  World world;
  BrokenDisk disk;
  disk.broken = world.scratch.path();
  DraftAppender appender(disk, world.places);
  CHECK_FALSE(appender.append(frame(1)).ok());
  disk.broken.clear();
  REQUIRE(appender.append(frame(1)).ok());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1});
}

TEST_CASE("the reserve is given up before the second place is used") {
  World world;
  BrokenDisk disk;
  REQUIRE(disk.make_directory(world.scratch / "state/drafts").ok());
  REQUIRE(make_draft_reserve(disk, world.places.reserve).ok());
  CHECK(disk.info(world.places.reserve)->size == draft_reserve_bytes);
  disk.broken = world.scratch / "state";
  disk.freed_by = world.places.reserve;
  DraftAppender appender(disk, world.places);
  CHECK(*appender.append(frame(1)) == DraftAppender::Place::first);
  CHECK_FALSE(disk.info(world.places.reserve).ok());
}

TEST_CASE("after a failed sync the journal becomes a new file with all that it held") {
  World world;
  DraftAppender appender(world.disk, world.places);
  REQUIRE(appender.append(frame(1)).ok());
  struct stat before {}, after {};
  REQUIRE(::stat(world.places.path.c_str(), &before) == 0);
  REQUIRE(appender.renew().ok());
  REQUIRE(::stat(world.places.path.c_str(), &after) == 0);
  CHECK(before.st_ino != after.st_ino);
  REQUIRE(appender.append(frame(2)).ok());
  CHECK(world.seqs(world.places.path) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("synced frames survive every kind of cut on a disk that knows") {
  for (auto cut : {FakeDisk::Cut::kill, FakeDisk::Cut::power, FakeDisk::Cut::power_flushed}) {
    for (int step = 1; step < 40; ++step) {
      FakeDisk disk;
      DraftAppender appender(disk, {"/s/drafts/c.journal", "/r/c.journal", ""});
      std::uint64_t acknowledged = 0;
      disk.plan(FakeDisk::Trouble::crash, step);
      for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        if (!appender.append(frame(seq)).ok()) break;
        if (!appender.appender() || !appender.appender()->sync().ok()) break;
        acknowledged = seq;
      }
      if (disk.crashed()) disk.revive(cut);
      std::uint64_t there = 0;
      if (auto bytes = disk.read("/s/drafts/c.journal", 1U << 20)) there = find_frames(*bytes).frames.size();
      REQUIRE(there >= acknowledged);
    }
  }
}
