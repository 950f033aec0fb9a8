// A journal gives back the texts that were written into it, against a plain model, whatever order and damage its records have.
#include "engine/draft_replay.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "../catch.hpp"
#include "base/text.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

class Writer {
 public:
  std::string file;
  std::uint64_t seq = 0;

  std::string frame(DraftType type, Value map, std::uint64_t number) {
    std::string out;
    append_frame(out, type, pack(Value(Value::Array{number, std::move(map)})));
    return out;
  }
  void add(DraftType type, Value map) { file += frame(type, std::move(map), ++seq); }
  void text(const std::string& buffer, const std::string& text, Value meta = Value::Map{}) {
    meta.set("buffer", buffer);
    meta.set("scan", ++scan_);
    meta.set("part", 0);
    meta.set("final", true);
    meta.set("text", text);
    add(DraftType::text, std::move(meta));
  }
  void edit(const std::string& buffer, int first, int last, int count, const std::string& text) {
    add(DraftType::edits, Value::Map{{"buffer", buffer}, {"tick", static_cast<std::int64_t>(seq)}, {"edits", Value::Array{Value::Array{first, last, count, text}}}});
  }

 private:
  int scan_ = 0;
};

std::string text_of(const DraftJournal& journal, const std::string& buffer) {
  auto found = journal.buffers.find(buffer);
  return found == journal.buffers.end() || !found->second.lines ? "(none)" : found->second.lines->text();
}

using Lines = std::vector<std::string>;

std::uint64_t seed_of_run() {
  const char* given = std::getenv("KRA_TEST_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20'240'611;
}

Lines some_lines(std::mt19937_64& random, std::size_t most) {
  Lines lines(random() % (most + 1));
  for (auto& line : lines)
    for (auto left = random() % 6; left > 0; --left) line.push_back(static_cast<char>(random() % 4 == 0 ? random() % 256 : 'a' + random() % 26));
  for (auto& line : lines) std::replace(line.begin(), line.end(), '\n', '\0');
  return lines;
}

// What an editor does to a list of lines, as a record and to the model alike.
void random_edit(std::mt19937_64& random, Writer& writer, const std::string& buffer, Lines& model) {
  auto first = random() % (model.size() + 1), last = first + random() % (model.size() - first + 1);
  if (random() % 3 > 0) last = std::min(last, first + 2);
  auto lines = some_lines(random, 3);
  writer.edit(buffer, static_cast<int>(first), static_cast<int>(last), static_cast<int>(lines.size()), join(lines, "\n"));
  model.erase(model.begin() + static_cast<std::ptrdiff_t>(first), model.begin() + static_cast<std::ptrdiff_t>(last));
  model.insert(model.begin() + static_cast<std::ptrdiff_t>(first), lines.begin(), lines.end());
  if (model.empty()) model.emplace_back();
}

}  // namespace

TEST_CASE("text, edits and meta make the text as it is now") {
  Writer writer;
  writer.add(DraftType::editor, Value::Map{{"id", "c"}, {"pid", 7}});
  writer.text("b", "one\ntwo\nthree", Value::Map{{"path", "/tmp/x"}, {"fileformat", "unix"}});
  writer.edit("b", 1, 2, 2, "2\n2b");
  writer.edit("b", 0, 1, 0, "");
  writer.add(DraftType::meta, Value::Map{{"buffer", "b"}, {"path", "/tmp/y"}, {"at", 5}});
  auto journal = replay({writer.file});
  CHECK(text_of(journal, "b") == "2\n2b\nthree");
  const auto& buffer = journal.buffers.at("b");
  CHECK(buffer.meta["path"].text_or("") == "/tmp/y");
  CHECK(buffer.meta["fileformat"].text_or("") == "unix");
  CHECK(buffer.meta["tick"].number_or(0) == 3);
  CHECK(buffer.at == 5);
  CHECK(buffer.last_seq == 5);
  CHECK(journal.editor["pid"].number_or(0) == 7);
  CHECK(journal.records == 5);
}

TEST_CASE("a text of several pieces counts with its last one") {
  Writer writer;
  writer.text("b", "old");
  writer.add(DraftType::text, Value::Map{{"buffer", "b"}, {"scan", 9}, {"part", 0}, {"final", false}, {"text", "he"}, {"path", "/p"}});
  CHECK(text_of(replay({writer.file}), "b") == "old");
  writer.edit("b", 0, 1, 1, "older");
  CHECK(text_of(replay({writer.file}), "b") == "older");
  writer.add(DraftType::text, Value::Map{{"buffer", "b"}, {"scan", 9}, {"part", 1}, {"final", true}, {"text", std::string("l\0lo\n\n", 6)}});
  CHECK(text_of(replay({writer.file}), "b") == std::string("hel\0lo\n\n", 8));
  CHECK(replay({writer.file}).buffers.at("b").meta["path"].text_or("") == "/p");
  // A piece of another scan, or one too many, is none.
  writer.add(DraftType::text, Value::Map{{"buffer", "b"}, {"scan", 10}, {"part", 1}, {"final", true}, {"text", "wrong"}});
  CHECK(text_of(replay({writer.file}), "b") == std::string("hel\0lo\n\n", 8));
}

TEST_CASE("an end is told, and what comes after it begins anew") {
  Writer writer;
  writer.text("b", "x");
  writer.add(DraftType::end, Value::Map{{"buffer", "b"}, {"why", "discarded"}});
  CHECK(replay({writer.file}).buffers.at("b").why == "discarded");
  CHECK(text_of(replay({writer.file}), "b") == "x");
  writer.edit("b", 0, 1, 1, "y");
  CHECK(replay({writer.file}).buffers.at("b").why.empty());
  CHECK(text_of(replay({writer.file}), "b") == "y");
}

TEST_CASE("what another took counts until something new is typed") {
  Writer writer;
  writer.text("b", "x");
  auto mark = writer.frame(DraftType::mark, Value::Map{{"buffer", "b"}, {"why", "recovered"}, {"upto", 1}}, 0);
  CHECK(replay({writer.file + mark}).buffers.at("b").why == "recovered");
  writer.edit("b", 0, 1, 1, "y");
  CHECK(replay({mark + writer.file}).buffers.at("b").why.empty());
}

TEST_CASE("after a lost record edits wait for the next whole text") {
  Writer writer;
  writer.text("b", "x");
  auto before = writer.file;
  writer.edit("b", 0, 1, 1, "lost");
  writer.file = before;
  writer.edit("b", 0, 0, 1, "unsure");
  auto journal = replay({writer.file});
  CHECK(text_of(journal, "b") == "x");
  CHECK(journal.lost_records == 1);
  CHECK(journal.buffers.at("b").edits_lost == 1);
  writer.text("b", "sure");
  writer.edit("b", 1, 1, 1, "again");
  journal = replay({writer.file});
  CHECK(text_of(journal, "b") == "sure\nagain");
  CHECK(journal.buffers.at("b").edits_lost == 0);
}

TEST_CASE("an edit that does not fit changes nothing more") {
  for (const auto& edit : {Value::Array{2, 3, 1, "x"}, Value::Array{1, 0, 1, "x"}, Value::Array{0, 1, 2, "x"}, Value::Array{0, 1, 0, "x"}, Value::Array{-1, 1, 1, "x"},
                           Value::Array{0, 1, 1}, Value::Array{0, 1, "1", "x"}}) {
    Writer writer;
    writer.text("b", "one");
    writer.add(DraftType::edits, Value::Map{{"buffer", "b"}, {"edits", Value::Array{edit}}});
    writer.edit("b", 0, 1, 1, "later");
    auto journal = replay({writer.file});
    CHECK(text_of(journal, "b") == "one");
    CHECK(journal.buffers.at("b").edits_lost == 2);
  }
}

TEST_CASE("of a file only the edits are told") {
  Writer writer;
  writer.add(DraftType::file, Value::Map{{"buffer", "b"}, {"path", "/big"}});
  writer.edit("b", 0, 1, 1, "x");
  auto journal = replay({writer.file});
  CHECK(journal.buffers.at("b").base_only);
  REQUIRE(journal.buffers.at("b").edits.size() == 1);
  CHECK((*unpack(journal.buffers.at("b").edits[0]))["edits"].array()->size() == 1);
  writer.text("b", "whole");
  CHECK_FALSE(replay({writer.file}).buffers.at("b").base_only);
}

TEST_CASE("an undo file belongs to the text of its place") {
  Writer writer;
  writer.text("b", "x");
  writer.add(DraftType::undo, Value::Map{{"buffer", "b"}, {"file", "u1"}, {"tick", 1}});
  writer.edit("b", 0, 1, 1, "y");
  auto journal = replay({writer.file}, true);
  CHECK(journal.buffers.at("b").undo_file == "u1");
  CHECK(journal.buffers.at("b").undo_text == "x");
}

TEST_CASE("records in any order, twice, in two files, count once each") {
  auto seed = seed_of_run();
  INFO("KRA_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    Writer writer;
    std::map<std::string, Lines> model;
    std::vector<std::string> frames;
    auto keep = [&] { frames.push_back(std::exchange(writer.file, {})); };
    for (const char* buffer : {"a", "b"}) {
      model[buffer] = some_lines(random, 20);
      if (model[buffer].empty()) model[buffer].emplace_back();
      writer.text(buffer, join(model[buffer], "\n"));
      keep();
    }
    for (int edit = 0; edit < 80; ++edit) {
      const auto* buffer = random() % 2 == 0 ? "a" : "b";
      random_edit(random, writer, buffer, model[buffer]);
      keep();
    }
    std::string one, two;
    auto shuffled = frames;
    for (auto extra = random() % 20; extra > 0; --extra) shuffled.push_back(frames[random() % frames.size()]);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    for (const auto& frame : shuffled) (random() % 2 == 0 ? one : two) += frame;
    auto journal = replay({one, two});
    REQUIRE(journal.records == frames.size());
    REQUIRE(journal.lost_records == 0);
    for (const auto& [buffer, lines] : model) {
      REQUIRE(text_of(journal, buffer) == join(lines, "\n"));
      REQUIRE(journal.buffers.at(buffer).lines->bytes() == join(lines, "\n").size());
    }
  }
}

TEST_CASE("cut anywhere, a journal gives a text that was there") {
  std::mt19937_64 random(seed_of_run());
  Writer writer;
  Lines model{""};
  std::vector<std::pair<std::size_t, std::string>> stages{{0, "(none)"}};
  writer.text("b", "");
  stages.emplace_back(writer.file.size(), "");
  for (int edit = 0; edit < 60; ++edit) {
    random_edit(random, writer, "b", model);
    stages.emplace_back(writer.file.size(), join(model, "\n"));
  }
  for (std::size_t size = 0; size <= writer.file.size(); ++size) {
    auto stage = std::find_if(stages.rbegin(), stages.rend(), [&](const auto& one) { return one.first <= size; });
    auto journal = replay({std::string_view(writer.file).substr(0, size)});
    REQUIRE(text_of(journal, "b") == stage->second);
    REQUIRE(journal.damaged_bytes == 0);
  }
}

TEST_CASE("any flipped bit leaves the text of a stage") {
  std::mt19937_64 random(seed_of_run());
  Writer writer;
  Lines model{""};
  std::vector<std::string> stages{"(none)", ""};
  writer.text("b", "");
  for (int edit = 0; edit < 30; ++edit) {
    random_edit(random, writer, "b", model);
    stages.push_back(join(model, "\n"));
  }
  for (std::size_t bit = 0; bit < writer.file.size() * 8; ++bit) {
    auto broken = writer.file;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    auto text = text_of(replay({broken}), "b");
    REQUIRE(std::find(stages.begin(), stages.end(), text) != stages.end());
  }
}

TEST_CASE("a folded journal goes on where it was folded") {
  Writer writer;
  writer.file += writer.frame(DraftType::editor, Value::Map{{"id", "c"}}, 0);
  writer.file += writer.frame(DraftType::text, Value::Map{{"buffer", "b"}, {"scan", 0}, {"part", 0}, {"final", true}, {"text", "folded"}, {"last", 40}}, 0);
  writer.file += writer.frame(DraftType::base, Value::Map{{"upto", 42}}, 42);
  writer.seq = 41;
  writer.edit("b", 0, 1, 1, "an old one that came twice");
  writer.edit("b", 1, 1, 1, "new");
  auto journal = replay({writer.file});
  CHECK(text_of(journal, "b") == "folded\nnew");
  CHECK(journal.lost_records == 0);
  CHECK(journal.last_seq == 43);
  CHECK(journal.buffers.at("b").last_seq == 43);
}
