// Journals as released versions wrote them stay readable. tests/golden/drafts/RELEASE.journal is never changed once its release is out;
// KRA_MAKE_SAMPLE=1 writes the one of a new release.
#include <cstdlib>

#include "../catch.hpp"
#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/draft_replay.hpp"
#include "os/disk.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

static std::string frame(DraftType type, std::uint64_t seq, Value map) {
  std::string out;
  append_frame(out, type, pack(Value(Value::Array{seq, std::move(map)})));
  return out;
}

// One record of each type, with every key.
static std::string sample() {
  Value base = Value::Map{{"dev", 1}, {"ino", 2}, {"size", 3}, {"mtime_ns", 1'700'000'000'000'000'000}, {"hash", "0123456789abcdef"}};
  return frame(DraftType::editor, 0,
               Value::Map{{"id", "c"}, {"pid", 7}, {"start", 9}, {"boot", "b"}, {"host", "h"}, {"editor", "e"}, {"pane", "%1"}, {"server", "/tmp/s"}, {"cwd", "/w"}, {"release", "0.1.0"}}) +
         frame(DraftType::text, 0, Value::Map{{"buffer", "f"}, {"scan", 0}, {"part", 0}, {"final", true}, {"text", "folded"}, {"last", 9}}) +
         frame(DraftType::base, 10, Value::Map{{"upto", 10}}) +
         frame(DraftType::text, 11,
               Value::Map{{"buffer", "a"},     {"scan", 1},        {"part", 0},      {"final", false},   {"text", "o"},           {"path", "/w/a"}, {"base", base},
                          {"encoding", "utf-8"}, {"fileformat", "dos"}, {"bomb", true},  {"eol", false},     {"filetype", "text"},    {"tick", 4},      {"at", 1000},
                          {"cursor", Value::Array{1, 0}}, {"cwd", "/w"}}) +
         frame(DraftType::text, 12, Value::Map{{"buffer", "a"}, {"scan", 1}, {"part", 1}, {"final", true}, {"text", std::string("ne\ntwo\0", 7)}}) +
         frame(DraftType::undo, 13, Value::Map{{"buffer", "a"}, {"file", "u"}, {"tick", 4}}) +
         frame(DraftType::edits, 14, Value::Map{{"buffer", "a"}, {"tick", 5}, {"cursor", Value::Array{2, 1}}, {"edits", Value::Array{Value::Array{0, 0, 1, "zero"}}}, {"at", 2000}}) +
         frame(DraftType::meta, 15, Value::Map{{"buffer", "a"}, {"path", "/w/b"}}) +
         frame(DraftType::text, 16, Value::Map{{"buffer", "x"}, {"scan", 2}, {"part", 0}, {"final", true}, {"text", "gone"}, {"name", "[old]"}}) +
         frame(DraftType::end, 17, Value::Map{{"buffer", "x"}, {"why", "discarded"}}) + frame(DraftType::filler, 18, Value::Map{}) +
         frame(DraftType::file, 19, Value::Map{{"buffer", "big"}, {"path", "/w/big"}}) +
         frame(DraftType::edits, 20, Value::Map{{"buffer", "big"}, {"edits", Value::Array{Value::Array{5, 6, 0, ""}}}}) +
         frame(DraftType::whole, 21,
               Value::Map{{"buffer", "long"}, {"text_file", "c.1"}, {"bytes", 9}, {"sum", crc32c("one\nt\xffo\r\n")}, {"path", "/w/long"}, {"fileformat", "unix"}, {"at", 4000}}) +
         frame(DraftType::mark, 0, Value::Map{{"buffer", "f"}, {"why", "recovered"}, {"upto", 9}, {"at", 3000}});
}

TEST_CASE("the journal of release 0.1.0 reads as it was written") {
  SystemDisk disk;
  char* here = ::realpath(".", nullptr);
  auto path = cat(here ? here : "", "/tests/golden/drafts/0.1.0.journal");
  std::free(here);
  if (std::getenv("KRA_MAKE_SAMPLE")) {
    REQUIRE(disk.make_directory(directory_part(path)).ok());
    REQUIRE(disk.replace(path, sample()).ok());
  }
  auto bytes = disk.read(path, 1U << 20);
  REQUIRE(bytes.ok());
  // This release writes what that one wrote.
  CHECK(*bytes == sample());
  auto text = [&](const std::string& name) { return disk.read(cat(directory_part(path), "/0.1.0.texts/", name), 1U << 20); };
  auto journal = replay({*bytes}, true, text);
  CHECK(journal.damaged_bytes == 0);
  CHECK(journal.lost_records == 0);
  CHECK(journal.last_seq == 21);
  CHECK(journal.editor["release"] == Value("0.1.0"));
  REQUIRE(journal.buffers.size() == 5);
  const auto& a = journal.buffers.at("a");
  CHECK(a.lines->text() == std::string("zero\none\ntwo\0", 13));
  CHECK(a.undo_text == std::string("one\ntwo\0", 8));
  CHECK(a.meta["path"] == Value("/w/b"));
  CHECK(a.meta["fileformat"] == Value("dos"));
  CHECK(a.meta["base"]["hash"] == Value("0123456789abcdef"));
  CHECK(a.meta["tick"] == Value(5));
  CHECK(a.at == 2000);
  CHECK(journal.buffers.at("x").why == "discarded");
  CHECK(journal.buffers.at("f").why == "recovered");
  CHECK(journal.buffers.at("f").lines->text() == "folded");
  CHECK(journal.buffers.at("big").base_only);
  CHECK(journal.buffers.at("long").lines->text() == "one\nt\xffo\r\n");
  CHECK(journal.buffers.at("long").meta["path"] == Value("/w/long"));
}
