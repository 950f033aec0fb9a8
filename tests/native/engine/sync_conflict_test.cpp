// Each strategy for each kind of conflict: what lies where afterwards, that both sides and the base are kept, and that two devices that go on come to
// one tree and make no more copies.
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/native/sync_devices.hpp"

using namespace kra;

namespace {

// What a device did to a path that both had as a file with three lines.
struct Deed {
  const char* name;
  void (*act)(GitWorld& world, const std::string& path, const std::string& mark);
};
const std::string three = "one\ntwo\nthree\n";
using Text = std::string;
const Deed edit{"edit", [](GitWorld& world, const Text& x, const Text& mark) { world.write(x, cat("one\n", mark, "\nthree\n")); }};
const Deed gone{"delete", [](GitWorld& world, const Text& x, const Text&) { world.remove(x); }};
const Deed link_to{"link", [](GitWorld& world, const Text& x, const Text& mark) { world.remove(x), ::symlink(mark.c_str(), world.at(x).c_str()); }};
const Deed directory{"directory", [](GitWorld& world, const Text& x, const Text& mark) { world.remove(x), world.write(x + "/below", mark + "\n"); }};
const Deed executable{"mode", [](GitWorld& world, const Text& x, const Text&) { ::chmod(world.at(x).c_str(), 0755); }};
const Deed edit_and_mode{"edit and mode", [](GitWorld& world, const Text& x, const Text& mark) { edit.act(world, x, mark), executable.act(world, x, mark); }};
const Deed renamed{"rename", [](GitWorld& world, const Text& x, const Text& mark) { std::filesystem::rename(world.at(x), world.at(cat(x, ".", mark))); }};

// What happened to one path here and there.
struct Deeds {
  const Deed &here, &there;
  const char* path = "x";
};

std::vector<std::string> copies(const GitWorld& world) {
  std::vector<std::string> found;
  for (const auto& [path, what] : world.manifest(false))
    if (path.find("conflict-") != std::string::npos) found.push_back(path);
  return found;
}

// Everything that a file or link of this name, with an ending or without, holds.
std::string bytes_of(const GitWorld& world, const std::string& name) {
  std::string all;
  for (const auto& [path, what] : world.manifest(false))
    if (path.starts_with(name)) all += cat(path, "=", what, "\n");
  return all;
}

struct Meeting : Devices {
  Meeting(const std::string& strategy, const std::vector<Deeds>& all, const std::string& kind = "shadow") : Devices(kind) {
    settings.sync.conflict = {{"**", strategy}};
    for (const auto& deeds : all) b.write(deeds.path, three);
    sync(b), sync(a);
    for (const auto& deeds : all) deeds.there.act(b, deeds.path, "theirs"), deeds.here.act(a, deeds.path, "mine");
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

// In the trees or beside the conflict; copies are in the trees.
void keeps_both(Meeting& meeting, const std::string& strategy, const std::string& path, const std::vector<std::string>& words) {
  const auto all = bytes_of(meeting.a, path) + (strategy == "manual" ? bytes_of(meeting.b, path) : "");
  std::string stored;
  auto store = meeting.a.store();
  const auto list = list_conflicts(store, git_patience());
  for (const auto& record : *list)
    if (record.path.starts_with(path))
      for (const auto* side : {&record.ours, &record.theirs})
        if (*side) stored += read_blobs(store.git(), {side->oid}, git_patience())->front();
  INFO(path << ": " << all);
  for (const auto& word : words) {
    CHECK((all.find(word) != all.npos || stored.find(word) != stored.npos));
    if (strategy == "copy") CHECK(all.find(word) != all.npos);
  }
  std::size_t made = 0;
  for (const auto& copy : copies(meeting.a)) made += copy.starts_with(path) ? 1 : 0;
  CHECK(made <= 1);
}

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
    Meeting meeting(row.strategy, {{edit, edit}});
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
  struct Row : Deeds {
    const char* first;  // of each side what must be somewhere in both trees, unless one side was chosen
    const char* second;
  };
  // All of them at once, each at a path of its own; what is renamed by itself, so that it is clear what it was.
  const std::vector<Row> together = {{{edit, gone, "edit-gone"}, "mine", ""},
                                     {{gone, edit, "gone-edit"}, "theirs", ""},
                                     {{edit, link_to, "edit-link"}, "mine", "theirs"},
                                     {{link_to, edit, "link-edit"}, "mine", "theirs"},
                                     {{link_to, link_to, "link-link"}, "mine", "theirs"},
                                     {{edit, directory, "edit-directory"}, "mine", "theirs"},
                                     {{directory, edit, "directory-edit"}, "mine", "theirs"},
                                     {{link_to, directory, "link-directory"}, "mine", "theirs"},
                                     {{directory, gone, "directory-gone"}, "mine", ""}};
  const std::vector<Row> apart = {{{edit, renamed}, "mine", "x.theirs"}};
  for (const std::string strategy : {"copy", "manual", "ours", "theirs", "union", "markers", "newest"})
    for (const auto* rows : {&together, &apart}) {
      INFO(strategy);
      Meeting meeting(strategy, {rows->begin(), rows->end()});
      meeting.rest();
      if (strategy != "manual") {
        INFO(difference(meeting.a.manifest(false), meeting.b.manifest(false)));
        CHECK(meeting.same());
      }
      for (const auto& row : *rows) keeps_both(meeting, strategy, row.path, {row.first, row.second});
    }
}

TEST_CASE("both renamed it, each to a name of its own: both names are there", "[sync]") {
  for (const char* kind : {"shadow", "track"}) {
    Meeting meeting("copy", {{renamed, renamed}}, kind);
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
    Meeting meeting("copy", {{executable, edit}}, kind);
    CHECK(meeting.report.conflicts.empty());
    meeting.rest();
    CHECK(meeting.same());
    CHECK(meeting.a.read("x") == "one\ntheirs\nthree\n");
    CHECK(::access(meeting.b.at("x").c_str(), X_OK) == 0);
  }
  Meeting both("copy", {{edit_and_mode, edit}});
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
