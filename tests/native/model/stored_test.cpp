// The header tells every damage, and a newer version from a damaged one.
#include "model/stored.hpp"

#include "../catch.hpp"
#include "base/checksum.hpp"

using namespace kra;

static std::string with_version(std::string file, char version) {
  file[9] = version;
  auto sum = crc32c(std::string_view(file).substr(0, 32));
  for (int at = 0; at < 4; ++at) file[32 + at] = static_cast<char>(sum >> (24 - 8 * at));
  return file;
}

TEST_CASE("what was sealed comes back, front alone too") {
  auto file = sealed("front", std::string("bo\0dy", 5));
  auto parts = unsealed(file);
  REQUIRE(parts.ok());
  CHECK(parts->front == "front");
  CHECK(parts->body == std::string("bo\0dy", 5));
  auto front = unsealed_front(std::string_view(file).substr(0, stored_header + 5));
  REQUIRE(front.ok());
  CHECK(front->front == "front");
  CHECK(front->file_bytes == file.size());
}

TEST_CASE("the bytes of the format stay what they are") {
  auto file = sealed("f", "bb");
  CHECK(file.substr(0, 24) == std::string("\x89kra\r\n\x1a\n\0\1\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 24));
  CHECK(file.substr(stored_header) == "fbb");
}

TEST_CASE("every cut and every flipped bit is corrupt, never newer") {
  auto file = sealed("some front", "and a body");
  for (std::size_t length = 0; length < file.size(); ++length) {
    auto parts = unsealed(std::string_view(file).substr(0, length));
    REQUIRE_FALSE(parts.ok());
    REQUIRE(parts.error().fault == Fault::corrupt);
  }
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    auto flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    auto parts = unsealed(flipped);
    REQUIRE_FALSE(parts.ok());
    REQUIRE(parts.error().fault == Fault::corrupt);
  }
  CHECK(unsealed(file + "x").error().fault == Fault::corrupt);
}

TEST_CASE("a newer version is refused by name, an impossible one is damage") {
  auto file = sealed("f", "b");
  auto newer = unsealed(with_version(file, 2));
  REQUIRE_FALSE(newer.ok());
  CHECK(newer.error().fault == Fault::refused);
  CHECK(newer.error().what == "written by a newer kra (format 2); this one reads up to 1");
  CHECK(unsealed(with_version(file, 0)).error().fault == Fault::corrupt);
}
