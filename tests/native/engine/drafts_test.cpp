// What is made of journals: rows, files, folded and forgotten ones, what expires and what never does.
#include "engine/drafts.hpp"

#include <unistd.h>

#include <algorithm>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/draft_file.hpp"
#include "os/process.hpp"
#include "tests/native/engine/drafts_world.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

constexpr std::int64_t day = 86'400'000;

struct World : DraftsWorld {
  void editor(bool alive, const std::string& client = "c", const std::string& host = host_name()) {
    add(DraftType::editor,
        Value::Map{{"id", client}, {"editor", "e"}, {"pid", static_cast<std::int64_t>(::getpid())}, {"start", alive ? *start_time_of(::getpid()) : 1}, {"host", host}, {"boot", boot_id()}, {"cwd", "/home/me"}},
        client);
  }
  void text(const std::string& buffer, const std::string& text, Value meta = Value::Map{}, const std::string& client = "c") {
    meta.set("buffer", buffer);
    meta.set("scan", 1);
    meta.set("part", 0);
    meta.set("final", true);
    meta.set("text", text);
    add(DraftType::text, std::move(meta), client);
  }
  Value list(DraftQuery query = {}) {
    auto answer = drafts.list(query);
    REQUIRE(answer.ok());
    return *answer;
  }
  std::vector<std::string> states(DraftQuery query = {}) {
    std::vector<std::string> found;
    auto listed = list(query);
    for (const auto& row : *listed["drafts"].array()) found.push_back(row["state"].text_or(""));
    return found;
  }
};

}  // namespace

TEST_CASE("no directory is no drafts") {
  World world;
  CHECK(world.states().empty());
  CHECK(*world.drafts.expire(Milliseconds(day), {0}) == 0);
  CHECK(*world.drafts.move_home() == 0);
}

TEST_CASE("the state of a draft follows from its editor and its end") {
  World world;
  world.editor(true);
  world.text("b", "x");
  CHECK(world.states() == std::vector<std::string>{"open"});
  DraftQuery silent;
  silent.silent = {"c"};
  CHECK(world.states(silent) == std::vector<std::string>{"abandoned"});
  DraftQuery own;
  own.asker = "c";
  CHECK(world.states(own).empty());
  world.editor(false, "d");
  world.text("b", "x", Value::Map{}, "d");
  world.editor(true, "far", "another-host");
  world.text("b", "x", Value::Map{}, "far");
  auto states = world.states();
  std::sort(states.begin(), states.end());
  CHECK(states == std::vector<std::string>{"abandoned", "left", "open"});
  world.add(DraftType::end, Value::Map{{"buffer", "b"}, {"why", "saved"}});
  world.add(DraftType::end, Value::Map{{"buffer", "b"}, {"why", "discarded"}}, "d");
  CHECK(world.states() == std::vector<std::string>{"abandoned"});
  DraftQuery all;
  all.all = true;
  states = world.states(all);
  std::sort(states.begin(), states.end());
  CHECK(states == std::vector<std::string>{"abandoned", "discarded"});
}

TEST_CASE("rows are told by path, directory and editor") {
  World world;
  world.editor(false);
  world.text("a", "x", Value::Map{{"path", "/home/me/a.txt"}, {"at", 5}});
  world.text("b", "y\n\n  \nz", Value::Map{{"at", 9}, {"cursor", Value::Array{2, 0}}});
  auto rows = *world.list()["drafts"].array();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["unnamed"] == Value(true));
  CHECK(rows[0]["preview"] == Value("z\ny"));
  CHECK(rows[0]["at"] == Value(9));
  CHECK(rows[0]["bytes"] == Value(7));
  CHECK(rows[0]["lines"] == Value(4));
  DraftQuery query;
  query.path = "/home/me/a.txt";
  CHECK(world.states(query).size() == 1);
  query = {};
  query.cwd = "/home/me";
  CHECK(world.states(query).size() == 2);
  query.cwd = "/home/m";
  CHECK(world.states(query).empty());
  query = {};
  query.editor = "another";
  CHECK(world.states(query).empty());
}

TEST_CASE("a file that has changed since is told, one that was only touched is not") {
  World world;
  auto path = world.scratch / "file";
  REQUIRE(world.disk.replace(path, "old").ok());
  auto info = *world.disk.info(path);
  auto base = [&](std::int64_t ns) {
    return Value::Map{{"path", path}, {"base", Value::Map{{"size", 3}, {"mtime_ns", ns}, {"hash", hex(hash64("old"), 16)}}}};
  };
  world.editor(false);
  world.text("a", "new", base(info.modified_ns));
  auto changed = [&] { return world.list()["drafts"].array()->front()["changed_on_disk"]; };
  CHECK(changed() == Value(false));
  world.text("a", "new", base(info.modified_ns - 5'000'000'000));
  CHECK(changed() == Value(false));
  REQUIRE(world.disk.replace(path, "odd").ok());
  CHECK(changed() == Value(true));
  REQUIRE(world.disk.remove(path).ok());
  CHECK(world.list()["drafts"].array()->front()["gone"] == Value(true));
}

TEST_CASE("a folded journal holds the same drafts in a fraction of the bytes") {
  World world;
  world.editor(true);
  world.text("a", std::string(3 << 20, 'x') + "\nend", Value::Map{{"path", "/p"}, {"at", 3}});
  world.text("gone", std::string(3 << 20, 'x'));
  world.add(DraftType::undo, Value::Map{{"buffer", "a"}, {"file", "u"}});
  for (int edit = 0; edit < 60; ++edit)
    world.add(DraftType::edits, Value::Map{{"buffer", "a"}, {"edits", Value::Array{Value::Array{1, 2, 1, std::string(200'000, static_cast<char>('a' + edit % 26))}}}});
  world.add(DraftType::end, Value::Map{{"buffer", "gone"}, {"why", "saved"}});
  world.text("d", "thrown away", Value::Map{{"at", 4}});
  world.add(DraftType::end, Value::Map{{"buffer", "d"}, {"why", "discarded"}});
  DraftQuery all;
  all.all = true;
  auto before = world.list(all);
  auto id = Drafts::id_of("c", "a");
  auto text = *world.disk.read((*world.drafts.take(id))["file"].text_or(""), 1U << 30);
  auto size = world.disk.info(world.journal())->size;
  CHECK(*world.drafts.compact("c", 1U << 30) == size);
  auto folded = world.drafts.compact("c", 1);
  REQUIRE(folded.ok());
  CHECK(*folded * 2 < size);
  CHECK(world.list(all) == before);
  world.add(DraftType::edits, Value::Map{{"buffer", "a"}, {"edits", Value::Array{Value::Array{0, 1, 0, ""}}}});
  CHECK(*world.disk.read((*world.drafts.take(id))["file"].text_or(""), 1U << 30) == text.substr((3 << 20) + 1));
  auto journal = replay({*world.disk.read(world.journal(), 1U << 30)}, true);
  CHECK(journal.lost_records == 0);
  CHECK(journal.buffers.at("a").undo_file == "u");
  CHECK(journal.buffers.at("a").undo_text == std::string(3 << 20, 'x') + "\nend");
}

TEST_CASE("a forgotten file leaves no byte in any journal, and the others all of theirs") {
  World world;
  world.editor(true);
  world.text("a", "CANARY one", Value::Map{{"path", "/w/secret"}});
  world.text("b", "kept", Value::Map{{"path", "/w/other"}});
  world.add(DraftType::edits, Value::Map{{"buffer", "a"}, {"edits", Value::Array{Value::Array{0, 0, 1, "CANARY two"}}}});
  (void)world.drafts.take(Drafts::id_of("c", "a"));
  CHECK(*world.drafts.forget("/w/secret") == 1);
  CHECK(*world.drafts.forget("/w/secret") == 0);
  auto bytes = *world.disk.read(world.journal(), 1U << 20);
  CHECK(bytes.find("CANARY") == bytes.npos);
  CHECK(bytes.find("/w/secret") == bytes.npos);
  CHECK_FALSE(world.disk.info(world.paths.drafts() + "/out").ok());
  auto rows = *world.list()["drafts"].array();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["path"] == Value("/w/other"));
  CHECK(rows[0]["damaged"] == Value(false));
  CHECK(replay({bytes}).lost_records == 0);
}

TEST_CASE("drafts expire when they are old at two looks a day apart, and no wrong clock is enough") {
  World world;
  world.editor(false, "old");
  world.text("b", "x", Value::Map{{"at", 1}}, "old");
  world.editor(true, "living");
  world.text("b", "x", Value::Map{{"at", 1}}, "living");
  auto now = wall_now().ms;
  Milliseconds age(30 * day);
  CHECK(*world.drafts.expire(age, {now}) == 0);
  // A clock that is wrong for a moment, and right again.
  CHECK(*world.drafts.expire(age, {now + 400 * day}) == 0);
  CHECK(*world.drafts.expire(age, {now + 29 * day}) == 0);
  CHECK(*world.drafts.expire(age, {now + 31 * day}) == 0);
  CHECK(*world.drafts.expire(age, {now + 31 * day + day / 2}) == 0);
  CHECK(world.disk.info(world.journal("old")).ok());
  CHECK(*world.drafts.expire(age, {now + 33 * day}) == 1);
  CHECK_FALSE(world.disk.info(world.journal("old")).ok());
  CHECK(world.disk.info(world.journal("living")).ok());
}

TEST_CASE("a damaged journal is told, used and never expires") {
  World world;
  world.editor(false);
  world.text("a", "x");
  auto bytes = *world.disk.read(world.journal(), 1U << 20);
  REQUIRE(world.disk.replace(world.journal(), bytes + "junk" + bytes).ok());
  auto answer = world.list();
  CHECK(answer["drafts"].array()->size() == 1);
  REQUIRE(answer["damaged"].array()->size() == 1);
  CHECK(answer["damaged"].array()->front()["bytes"] == Value(4));
  auto now = wall_now().ms;
  for (int after = 31; after < 40; ++after) CHECK(*world.drafts.expire(Milliseconds(30 * day), {now + after * day}) == 0);
}

TEST_CASE("a text becomes the file that its editor would have written") {
  auto file = [](std::string_view text, Value::Map meta) { return draft_file(text, Value(std::move(meta))).value_or("(refused)"); };
  CHECK(file("a\nb", {}) == "a\nb\n");
  CHECK(file("a\nb", {{"eol", false}}) == "a\nb");
  CHECK(file("a\nb", {{"fileformat", "dos"}}) == "a\r\nb\r\n");
  CHECK(file("a\nb", {{"fileformat", "mac"}}) == "a\rb\r");
  CHECK(file("a", {{"bomb", true}, {"encoding", "utf-8"}}) == "\xef\xbb\xbf" "a\n");
  CHECK(file("gr\xc3\xbc\xc3\x9f", {{"encoding", "latin1"}}) == "gr\xfc\xdf\n");
  CHECK(file("\xe2\x82\xac", {{"encoding", "latin1"}}) == "(refused)");
  CHECK(file("a", {{"encoding", "utf-16"}}) == "(refused)");
  CHECK(file("", {}).empty());
}
