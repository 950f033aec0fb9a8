// What is packed comes back; bombs are refused before a byte is allocated for them; frames survive any cutting.
#include "wire/msgpack.hpp"

#include "../catch.hpp"
#include "wire/frame.hpp"

using namespace kra;

static Value sample() {
  return Value::Map{{"a", Value::Array{1, -5, 70'000, true, Value(), 0.25, "x\xff\n"}}, {"b", Value::Map{}}};
}

TEST_CASE("a value comes back as it was") {
  auto back = unpack(pack(sample()));
  REQUIRE(back.ok());
  CHECK(*back == sample());
}

TEST_CASE("a prefix is never a value, and nothing may follow one") {
  auto bytes = pack(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    auto scanned = Scanner().scan(std::string_view(bytes).substr(0, length));
    REQUIRE(scanned.ok());
    CHECK(*scanned == 0);
    CHECK_FALSE(unpack(std::string_view(bytes).substr(0, length)).ok());
  }
  CHECK(*Scanner().scan(bytes) == bytes.size());
  CHECK_FALSE(unpack(bytes + "\xc0").ok());
}

TEST_CASE("bombs are refused") {
  std::string header("\xdd\x10\x00\x00\x00", 5), map("\xdf\x10\x00\x00\x00", 5), text("\xdb\x7f\xff\xff\xff", 5);
  for (const auto& bomb : {header, map, text, std::string(40, '\x91'), std::string("\xc1")}) {
    auto read = unpack(bomb);
    REQUIRE_FALSE(read.ok());
    CHECK((read.error().fault == Fault::refused || read.error().fault == Fault::corrupt));
  }
  std::string wide;
  for (int i = 0; i < 20; ++i) wide += std::string("\xdc\xff\xff", 3);
  CHECK_FALSE(unpack(wide + std::string(3 << 20, '\xc0')).ok());
}

TEST_CASE("frames come out whole, however the bytes arrive") {
  Frame request{.kind = Frame::Kind::request, .id = 7, .method = "save", .params = Value::Array{sample()}};
  Frame answer{.kind = Frame::Kind::answer, .id = 7, .result = sample()};
  Frame note{.method = "event", .params = Value::Array{}};
  auto bytes = pack(request) + pack(answer) + pack(note);
  for (std::size_t piece = 1; piece < 40; ++piece) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.feed(std::string_view(bytes).substr(at, piece));
      for (;;) {
        auto frame = reader.next();
        REQUIRE(frame.ok());
        if (!*frame) break;
        frames.push_back(**frame);
      }
    }
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].method == "save");
    CHECK(frames[0].params == request.params);
    CHECK(frames[1].id == 7);
    CHECK(frames[1].result == sample());
    CHECK(frames[2].kind == Frame::Kind::notification);
    CHECK(reader.waiting_bytes() == 0);
  }
}

TEST_CASE("what is no call is refused") {
  for (const auto& bad : {Value(1), Value(Value::Array{}), Value(Value::Array{2, "m"}), Value(Value::Array{0, -1, "m", Value::Array{}}),
                          Value(Value::Array{2, 5, Value::Array{}}), Value(Value::Array{3, 1, "m", Value::Array{}})}) {
    FrameReader reader;
    reader.feed(pack(bad));
    CHECK_FALSE(reader.next().ok());
  }
}
