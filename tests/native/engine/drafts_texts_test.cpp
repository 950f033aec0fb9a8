// Texts that lie beside their journal: read, checked, folded in, moved, forgotten, expired, and tidied when nobody names them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "os/process.hpp"
#include "tests/native/engine/drafts_world.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

constexpr std::int64_t day = 86'400'000;

struct World : DraftsWorld {
  std::string home(const std::string& name) { return cat(paths.drafts(), "/texts/", name); }
  std::string away(const std::string& name) { return cat(paths.drafts_second(), "/texts/", name); }
  void editor(bool alive, const std::string& client = "c") {
    add(DraftType::editor,
        Value::Map{{"id", client}, {"pid", static_cast<std::int64_t>(::getpid())}, {"start", alive ? *start_time_of(::getpid()) : 1}, {"host", host_name()}, {"boot", boot_id()}},
        client);
  }
  void put(const std::string& path, const std::string& bytes) {
    REQUIRE(disk.make_directory(directory_part(path)).ok());
    REQUIRE(disk.replace(path, bytes).ok());
  }
  void name(const std::string& file, const std::string& text, const std::string& path = "", const std::string& client = "c") {
    add(DraftType::whole, Value::Map{{"buffer", "b"}, {"text_file", file}, {"bytes", text.size()}, {"sum", crc32c(text)}, {"path", path}, {"at", 5}}, client);
  }
  void edit(int first, int last, int count, const std::string& text) {
    add(DraftType::edits, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{first, last, count, text}}}});
  }
  std::string taken(const std::string& client = "c") {
    auto one = drafts.take(Drafts::id_of(client, "b"));
    if (!one) return "(none)";
    return disk.read((*one)["file"].text_or(""), 1U << 30).value_or("(no file)");
  }
  bool damaged() {
    auto answer = drafts.list({});
    return answer.ok() && answer->map() && (*answer)["drafts"].array()->front()["damaged"].flag_or(false);
  }
};

}  // namespace

TEST_CASE("a text beside the journal is the draft, with the edits that follow") {
  World world;
  std::string text("one\0\n\xff\r\nthree", 14);
  for (const auto* end : {"", "\n"}) {
    World fresh;
    fresh.editor(false);
    fresh.put(fresh.home("c.1"), text + end);
    fresh.name("c.1", text, "/w/file");
    CHECK(fresh.taken() == text);
    fresh.edit(1, 1, 1, "typed");
    CHECK(fresh.taken() == std::string("one\0\ntyped\n\xff\r\nthree", 20));
    CHECK_FALSE(fresh.damaged());
    auto row = (*fresh.drafts.list({}))["drafts"].array()->front();
    CHECK(row["path"] == Value("/w/file"));
    CHECK(row["bytes"] == Value(20));
  }
}

TEST_CASE("a text that is not there, cut short or another one leaves the draft of before") {
  World world;
  world.editor(false);
  world.add(DraftType::text, Value::Map{{"buffer", "b"}, {"scan", 1}, {"part", 0}, {"final", true}, {"text", "old"}});
  world.name("c.1", "new text");
  auto stays = [&] {
    CHECK(world.taken() == "old");
    CHECK(world.damaged());
  };
  stays();
  for (const auto* bytes : {"", "new tex", "new texT", "new\ntext\n"}) {
    world.put(world.home("c.1"), bytes);
    stays();
  }
  // What was typed into the text that is lost says nothing about the one before.
  world.edit(0, 1, 1, "typed");
  stays();
  world.put(world.home("c.1"), "new text\n");
  CHECK(world.taken() == "typed");
  CHECK_FALSE(world.damaged());
  // A link is nothing of ours.
  world.put(world.scratch / "elsewhere", "new text\n");
  REQUIRE(world.disk.remove(world.home("c.1")).ok());
  REQUIRE(::symlink((world.scratch / "elsewhere").c_str(), world.home("c.1").c_str()) == 0);
  stays();
}

TEST_CASE("no record leads out of the directory of texts") {
  World world;
  world.editor(false);
  world.put(world.scratch / "state/drafts/secret", "secret");
  world.put(world.home("c.1"), "text");
  for (const auto* name : {"../secret", "/etc/hostname", "", ".", "..", "a/b"}) {
    world.name(name, "secret");
    CHECK(world.taken() == "(none)");
  }
}

TEST_CASE("a later text makes an earlier one needless") {
  World world;
  world.editor(false);
  world.name("c.1", "lost");
  world.put(world.home("c.2"), "here");
  world.name("c.2", "here");
  CHECK(world.taken() == "here");
  CHECK_FALSE(world.damaged());
  world.name("c.3", "lost");
  world.add(DraftType::end, Value::Map{{"buffer", "b"}, {"why", "saved"}});
  CHECK((*world.drafts.list({}))["drafts"].array()->empty());
}

TEST_CASE("a journal is folded with its texts, which go then") {
  World world;
  world.editor(true);
  std::string text(1 << 20, 'x');
  world.put(world.home("c.1"), text);
  world.name("c.1", text);
  for (int edit = 0; edit < 30; ++edit) world.edit(0, 1, 1, std::string(100'000, static_cast<char>('a' + edit)));
  auto before = world.taken();
  REQUIRE(world.drafts.compact("c", 1).ok());
  CHECK_FALSE(world.disk.info(world.home("c.1")).ok());
  CHECK(world.taken() == before);
  world.edit(0, 0, 1, "more");
  CHECK(world.taken() == "more\n" + before);
}

TEST_CASE("a text of the second place is read there, and moves home when a record names it") {
  World world;
  world.editor(false);
  world.put(world.away("c.1"), "one\ntwo\n");
  world.put(world.away("c.2"), "being writ");
  world.name("c.1", "one\ntwo");
  CHECK(world.taken() == "one\ntwo");
  REQUIRE(world.drafts.move_home().ok());
  CHECK_FALSE(world.disk.info(world.away("c.1")).ok());
  CHECK(*world.disk.read(world.home("c.1"), 100) == "one\ntwo\n");
  CHECK(world.disk.info(world.away("c.2")).ok());
  CHECK(world.taken() == "one\ntwo");
}

TEST_CASE("of a forgotten file no text stays, named or not") {
  World world;
  world.editor(false);
  world.put(world.home("c.1"), "CANARY");
  world.name("c.1", "CANARY", "/w/secret");
  world.put(world.home("c.2"), "CANARY cut sh");
  world.put(world.away("c.3"), "CANARY cut sh");
  world.editor(false, "d");
  world.put(world.home("d.1"), "kept");
  world.name("d.1", "kept", "/w/other", "d");
  CHECK(*world.drafts.forget("/w/secret") == 1);
  for (const auto& path : {world.home("c.1"), world.home("c.2"), world.away("c.3")}) CHECK_FALSE(world.disk.info(path).ok());
  CHECK(world.taken("d") == "kept");
}

TEST_CASE("a text expires with its journal; one that nobody names goes after a day, unless its editor lives") {
  World world;
  world.editor(false);
  world.put(world.home("c.1"), "old");
  world.name("c.1", "old");
  world.editor(true, "lives");
  for (const auto* name : {"c.2", "lives.1", "gone.1"}) world.put(world.home(name), "cut sh");
  auto now = wall_now().ms;
  auto there = [&](const char* name) { return world.disk.info(world.home(name)).ok(); };
  REQUIRE(world.drafts.expire(Milliseconds(30 * day), {now + day / 2}).ok());
  CHECK((there("c.1") && there("c.2") && there("lives.1") && there("gone.1")));
  REQUIRE(world.drafts.expire(Milliseconds(30 * day), {now + 2 * day}).ok());
  CHECK((there("c.1") && there("lives.1")));
  CHECK((!there("c.2") && !there("gone.1")));
  for (int after : {31, 33, 35}) REQUIRE(world.drafts.expire(Milliseconds(30 * day), {now + after * day}).ok());
  CHECK_FALSE(there("c.1"));
}

TEST_CASE("what a client wrote itself is synced, its texts too") {
  World world;
  world.editor(false);
  CHECK(world.drafts.sync("nobody").ok());
  CHECK_FALSE(world.disk.info(world.journal("nobody")).ok());
  world.put(world.home("c.1"), "text");
  world.name("c.1", "text");
  CHECK(world.drafts.sync("c").ok());
  CHECK(world.taken() == "text");
}
