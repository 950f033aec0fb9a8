// Frames of a draft journal: whatever is damaged, every other frame is found.
#include "engine/draft_frame.hpp"

#include <algorithm>
#include <random>

#include "../catch.hpp"
#include "base/text.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

std::string payload(std::uint64_t seq, const std::string& text) { return pack(Value(Value::Array{seq, Value::Map{{"text", text}}})); }

std::string frame(std::uint64_t seq, const std::string& text) {
  std::string out;
  append_frame(out, DraftType::edits, payload(seq, text));
  return out;
}

std::vector<std::uint64_t> seqs(std::string_view file) {
  std::vector<std::uint64_t> all;
  for (const auto& found : find_frames(file).frames) all.push_back(found.seq);
  return all;
}

}  // namespace

TEST_CASE("a frame is mark, length, type, checksum and payload") {
  std::string out;
  append_frame(out, DraftType::edits, std::string("\x92\x01\x80", 3));
  CHECK(out.substr(0, 9) == std::string("\xf5kd\n\x03\0\0\0\x04", 9));
  CHECK(out.size() == draft_frame_head + 3);
  CHECK(are_frames(out));
  CHECK(are_frames(""));
  CHECK_FALSE(are_frames(out + "x"));
  CHECK_FALSE(are_frames(out.substr(1)));
}

TEST_CASE("the number in front of a payload is read in every width") {
  for (std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{255}, std::uint64_t{256}, std::uint64_t{65'536},
                            std::uint64_t{1} << 32, (std::uint64_t{1} << 63) - 1}) {
    CHECK(seq_of(payload(seq, "x")) == seq);
  }
  CHECK_FALSE(seq_of(""));
  CHECK_FALSE(seq_of("\x92"));
  CHECK_FALSE(seq_of("\x92\xce\x01"));
  CHECK_FALSE(seq_of("\x93\x01\x02\x03"));
  CHECK_FALSE(seq_of("\x92\xff\x01"));
}

TEST_CASE("what lies before, between and after frames is passed over and told") {
  auto file = cat("junk", frame(1, "a"), frame(2, "b"), "\xf5kd\nmore junk", frame(3, "c"), frame(4, "d").substr(0, 20));
  auto found = find_frames(file);
  CHECK(seqs(file) == std::vector<std::uint64_t>{1, 2, 3});
  REQUIRE(found.damaged.size() == 3);
  CHECK(found.damaged[0].at == 0);
  CHECK(found.damaged[0].size == 4);
  CHECK(found.torn_end);
  CHECK_FALSE(find_frames(frame(1, "a")).torn_end);
  CHECK(find_frames("").frames.empty());
}

TEST_CASE("any damage costs the frames that it touches and no other") {
  std::mt19937 random(1);
  std::string file;
  std::vector<std::size_t> ends;
  for (std::uint64_t seq = 1; seq <= 12; ++seq) {
    file += frame(seq, std::string(random() % 60, static_cast<char>(random())));
    ends.push_back(file.size());
  }
  for (std::size_t at = 0; at < file.size(); ++at) {
    auto broken = file;
    broken[at] = static_cast<char>(broken[at] ^ (1 << (random() % 8)));
    auto left = seqs(broken);
    auto touched = static_cast<std::uint64_t>(std::upper_bound(ends.begin(), ends.end(), at) - ends.begin()) + 1;
    REQUIRE(left.size() == 11);
    REQUIRE(std::find(left.begin(), left.end(), touched) == left.end());
    auto cut = seqs(file.substr(0, at));
    REQUIRE(cut.size() == touched - 1);
  }
}

TEST_CASE("a text full of marks does not make the search slow") {
  std::string text;
  while (text.size() < (1U << 20)) text.append(draft_mark).append(std::string("\x00\x00\x08\x00\x04", 5));
  auto file = frame(1, text) + frame(2, "after");
  file[20] = static_cast<char>(file[20] ^ 1);
  auto found = find_frames(file);
  CHECK(found.frames.size() <= 1);
  CHECK_FALSE(found.damaged.empty());
}
