#include "engine/audit.hpp"

#include "engine/edit_notes.hpp"
#include "os/disk.hpp"
#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"

using namespace kra;

TEST_CASE("acts are told in order, from a moment on, and the log is bounded") {
  Scratch scratch;
  SystemDisk disk;
  const Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  note_act(disk, paths, "save", "nowhere to write is no trouble");
  CHECK(acts_since(disk, paths, {0})->empty());
  REQUIRE(disk.make_directory(paths.state).ok());
  note_act(disk, paths, "save", "one\ttwo\nthree");
  const auto first = acts_since(disk, paths, {0});
  REQUIRE(first);
  REQUIRE(first->size() == 1);
  CHECK(first->front().kind == "save");
  CHECK(first->front().text == "one\\x09two\\x0athree");
  CHECK(acts_since(disk, paths, {wall_now().ms + 1000})->empty());
  CHECK_FALSE(parse_act("x\tsave\ttext"));
  CHECK_FALSE(parse_act("12\tsave"));
  for (int i = 0; i < 1800; ++i) note_act(disk, paths, "save", std::string(1500, 'a'));
  CHECK(disk.info(paths.audit_log())->size <= (1U << 20) + 4096);
  CHECK(disk.info(paths.audit_log() + ".1")->size <= (1U << 20) + 4096);
  CHECK(acts_since(disk, paths, {0})->size() >= 680);
}

TEST_CASE("notes of edits outlive a torn end") {
  Scratch scratch;
  SystemDisk disk;
  const Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  const auto patience = Patience::of(Milliseconds(5000));
  REQUIRE(add_edit_note(disk, paths, {"/a\nb", "agent", 5}, patience).ok());
  REQUIRE(disk.append(paths.edit_notes(), "torn", false).ok());
  REQUIRE(add_edit_note(disk, paths, {"/c", "me", 9}, patience).ok());
  const auto notes = edit_notes(disk, paths, {0});
  REQUIRE(notes);
  REQUIRE(notes->size() == 2);
  CHECK(notes->at(0).path == "/a\nb");
  CHECK(notes->at(1).by == "me");
  CHECK(edit_notes(disk, paths, {6})->size() == 1);
  for (int i = 0; i < 200; ++i) REQUIRE(add_edit_note(disk, paths, {std::string(4000, 'p'), "me", 10}, patience).ok());
  CHECK(disk.info(paths.edit_notes())->size + disk.info(paths.edit_notes() + ".b")->size <= (520U << 10));
}
