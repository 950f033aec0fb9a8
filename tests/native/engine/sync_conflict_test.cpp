// Each strategy for each kind of conflict: what lies where afterwards, that both sides and the base are kept, and that two devices that go on come to
// one tree and make no more copies.
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/native/sync_devices.hpp"

using namespace kra;

namespace {

// What a device did to the path `x` that both had as a file with three lines.
struct Deed {
  const char* name;
  void (*act)(GitWorld& world, const std::string& mark);
};
const std::string three = "one\ntwo\nthree\n";
const Deed edit{"edit", [](GitWorld& world, const std::string& mark) { world.write("x", cat("one\n", mark, "\nthree\n")); }};
const Deed gone{"delete", [](GitWorld& world, const std::string&) { world.remove("x"); }};
const Deed link_to{"link", [](GitWorld& world, const std::string& mark) { world.remove("x"), ::symlink(mark.c_str(), world.at("x").c_str()); }};
const Deed directory{"directory", [](GitWorld& world, const std::string& mark) { world.remove("x"), world.write("x/below", mark + "\n"); }};
const Deed executable{"mode", [](GitWorld& world, const std::string&) { ::chmod(world.at("x").c_str(), 0755); }};
const Deed edit_and_mode{"edit and mode", [](GitWorld& world, const std::string& mark) { edit.act(world, mark), ::chmod(world.at("x").c_str(), 0755); }};
const Deed renamed{"rename", [](GitWorld& world, const std::string& mark) { std::filesystem::rename(world.at("x"), world.at("x." + mark)); }};

std::vector<std::string> copies(const GitWorld& world) {
  std::vector<std::string> found;
  for (const auto& [path, what] : world.manifest(false))
    if (path.find("conflict-") != std::string::npos) found.push_back(path);
  return found;
}

// Everything that any file or link holds.
std::string all_bytes(const GitWorld& world) {
  std::string all;
  for (const auto& [path, what] : world.manifest(false)) all += cat(path, "=", what, "\n");
  return all;
}

struct Meeting : Devices {
  Meeting(const std::string& strategy, const Deed& here, const Deed& there, const std::string& kind = "shadow") : Devices(kind) {
    settings.sync.conflict = {{"**", strategy}};
    b.write("x", three), sync(b), sync(a);
    there.act(b, "theirs"), here.act(a, "mine");
    sync(b);
    report = sync(a);
  }
  // Both know of each other, and nothing moves any more.
  void rest() {
    for (int n = 0; n < 2; ++n) sync(b), sync(a);
    const auto once = a.manifest(false);
    sync(b);
    CHECK(sync(a).state != "synced");
    INFO(difference(once, a.manifest(false)));
    CHECK(difference(once, a.manifest(false)).empty());
  }
  ConflictRecord conflict() {
    auto store = a.store();
    const auto list = list_conflicts(store, git_patience());
    REQUIRE(list->size() == 1);
    return list->front();
  }
  std::string kept(const TreeEntry& entry) {
    if (!entry) return "";
    auto store = a.store();
    return read_blobs(store.git(), {entry.oid}, git_patience())->front();
  }
  SyncReport report;
};

}  // namespace

TEST_CASE("edit against edit by every strategy", "[sync]") {
  struct Row {
    const char *strategy, *here;
    std::size_t copies;
  };
  for (const auto& row : {Row{"copy", "one\nmine\nthree\n", 1}, Row{"ours", "one\nmine\nthree\n", 0}, Row{"theirs", "one\ntheirs\nthree\n", 0},
                          Row{"union", "one\nmine\ntheirs\nthree\n", 0}, Row{"markers", "one\n<<<<<<< here\nmine\n=======\ntheirs\n>>>>>>> dev-b\nthree\n", 0},
                          Row{"manual", "one\nmine\nthree\n", 0}, Row{"newest", "", 0}}) {
    INFO(row.strategy);
    Meeting meeting(row.strategy, edit, edit);
    REQUIRE(meeting.report.conflicts.size() == 1);
    if (*row.here) CHECK(meeting.a.read("x") == row.here);
    else CHECK((meeting.a.read("x") == "one\nmine\nthree\n" || meeting.a.read("x") == "one\ntheirs\nthree\n"));
    CHECK(copies(meeting.a).size() == row.copies);
    // Both and the base, whatever was decided.
    const auto conflict = meeting.conflict();
    CHECK(meeting.kept(conflict.base) == three);
    CHECK(meeting.kept(conflict.ours) == "one\nmine\nthree\n");
    CHECK(meeting.kept(conflict.theirs) == "one\ntheirs\nthree\n");
    meeting.rest();
    if (std::string_view(row.strategy) != "manual") CHECK(meeting.same());
    else CHECK(meeting.b.read("x") == "one\ntheirs\nthree\n");
    CHECK(copies(meeting.b).size() == row.copies);
  }
}

TEST_CASE("the newest wins, whichever side it is on", "[sync]") {
  for (const bool mine_is_newer : {true, false}) {
    Devices devices;
    devices.settings.sync.conflict = {{"**", "newest"}};
    devices.a.write("f", "mine\n"), devices.b.write("f", "theirs\n");
    devices.sync(devices.b);
    // By the time of the file here and of the commit there.
    timespec times[2] = {{0, UTIME_OMIT}, {wall_now().ms / 1000 + (mine_is_newer ? 60 : -60), 0}};
    ::utimensat(AT_FDCWD, devices.a.at("f").c_str(), times, 0);
    devices.sync(devices.a);
    CHECK(devices.a.read("f") == (mine_is_newer ? "mine\n" : "theirs\n"));
    devices.settle();
    CHECK(devices.same());
  }
}

TEST_CASE("what cannot be put together keeps both sides, by every strategy", "[sync]") {
  struct Row {
    const Deed &here, &there;
    const char* first;  // of each side what must be somewhere in both trees, unless one side was chosen
    const char* second;
  };
  for (const char* strategy : {"copy", "manual", "ours", "theirs", "union", "markers", "newest"})
    for (const auto& row : {Row{edit, gone, "mine", ""}, Row{gone, edit, "theirs", ""}, Row{edit, link_to, "mine", "theirs"}, Row{link_to, edit, "mine", "theirs"},
                            Row{link_to, link_to, "mine", "theirs"}, Row{edit, directory, "mine", "theirs"}, Row{directory, edit, "mine", "theirs"},
                            Row{link_to, directory, "mine", "theirs"}, Row{directory, gone, "mine", ""}, Row{edit, renamed, "mine", "x.theirs"}}) {
      // One of each kind does for those that put texts together or take a side.
      const bool every = std::string_view(strategy) == "copy" || std::string_view(strategy) == "manual";
      if (!every && (&row.here != &edit || &row.there == &renamed)) continue;
      INFO(strategy << ": " << row.here.name << " against " << row.there.name);
      Meeting meeting(strategy, row.here, row.there);
      meeting.rest();
      const bool manual = std::string_view(strategy) == "manual";
      if (!manual) {
        INFO(difference(meeting.a.manifest(false), meeting.b.manifest(false)));
        CHECK(meeting.same());
      }
      const auto all = all_bytes(meeting.a) + (manual ? all_bytes(meeting.b) : "");
      std::string stored;
      auto store = meeting.a.store();
      const auto list = list_conflicts(store, git_patience());
      for (const auto& record : *list)
        for (const auto* side : {&record.ours, &record.theirs})
          if (*side) stored += read_blobs(store.git(), {side->oid}, git_patience())->front();
      INFO(all);
      for (const std::string word : {row.first, row.second}) CHECK((all.find(word) != all.npos || stored.find(word) != stored.npos));
      if (std::string_view(strategy) == "copy")
        for (const std::string word : {row.first, row.second}) CHECK(all.find(word) != all.npos);
      CHECK(copies(meeting.a).size() <= 1);
    }
}

TEST_CASE("both renamed it, each to a name of its own: both names are there", "[sync]") {
  for (const char* kind : {"shadow", "track"}) {
    Meeting meeting("copy", renamed, renamed, kind);
    meeting.rest();
    CHECK(meeting.same());
    CHECK(meeting.a.read("x.mine") == three);
    CHECK(meeting.a.read("x.theirs") == three);
    CHECK(!meeting.a.has("x"));
    CHECK(copies(meeting.a).empty());
  }
}

TEST_CASE("a mode and an edit go together", "[sync]") {
  for (const char* kind : {"shadow", "track"}) {
    Meeting meeting("copy", executable, edit, kind);
    CHECK(meeting.report.conflicts.empty());
    meeting.rest();
    CHECK(meeting.same());
    CHECK(meeting.a.read("x") == "one\ntheirs\nthree\n");
    CHECK(::access(meeting.b.at("x").c_str(), X_OK) == 0);
  }
  Meeting both("copy", edit_and_mode, edit);
  both.rest();
  CHECK(both.same());
  CHECK(copies(both.a).size() == 1);
}

TEST_CASE("both made it, one without a byte: the other's is the file", "[sync]") {
  Devices devices;
  devices.a.write("n", ""), devices.b.write("n", "text\n"), devices.a.write("m", "text\n"), devices.b.write("m", "");
  devices.sync(devices.b);
  CHECK(devices.sync(devices.a).conflicts.empty());
  devices.settle();
  CHECK(devices.same());
  CHECK(devices.a.read("n") == "text\n");
  CHECK(devices.a.read("m") == "text\n");
}

TEST_CASE("the first glob that fits decides", "[sync]") {
  Devices devices;
  devices.settings.sync.conflict = {{"notes/*.md", "union"}, {"*.json", "theirs"}, {"**", "copy"}};
  for (auto* world : {&devices.a, &devices.b})
    for (const char* path : {"notes/n.md", "deep/c.json", "n.md"}) world->write(path, world == &devices.a ? "from a\n" : "from b\n");
  devices.sync(devices.b), devices.sync(devices.a);
  CHECK(devices.a.read("notes/n.md") == "from a\nfrom b\n");
  CHECK(devices.a.read("deep/c.json") == "from b\n");
  CHECK(devices.a.read("n.md") == "from a\n");
  CHECK(copies(devices.a).size() == 1);
}

TEST_CASE("devices that meet the same conflict at once make one copy", "[sync]") {
  for (const char* kind : {"shadow", "track"}) {
    INFO(kind);
    Devices devices(kind);
    for (int round = 0; round < 4; ++round) {
      devices.a.write("f", cat("a ", round, "\n")), devices.b.write("f", cat("b ", round, "\n"));
      // Each merges before it knows of the other's merge.
      devices.sync(devices.a, {.push = false}), devices.sync(devices.b, {.push = false});
      devices.settle();
      INFO(difference(devices.a.manifest(false), devices.b.manifest(false)));
      CHECK(devices.same());
      CHECK(copies(devices.a).size() == static_cast<std::size_t>(round) + 1);
    }
  }
}
