#include "base/checksum.hpp"

#include <random>
#include <string>

#include "../catch.hpp"

using namespace kra;

TEST_CASE("the checksum of the processor is that of the table, from any place and in any pieces") {
  CHECK(crc32c_by_table("123456789") == 0xe3069283U);
  CHECK(crc32c("123456789") == 0xe3069283U);
  std::mt19937_64 random(1);
  std::string bytes(1000, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  std::string_view all = bytes;
  for (std::size_t from = 0; from < 20; ++from) {
    for (std::size_t size = 0; size < 70; ++size) CHECK(crc32c(all.substr(from, size)) == crc32c_by_table(all.substr(from, size)));
    CHECK(crc32c(all.substr(from), crc32c(all.substr(0, from))) == crc32c_by_table(all));
  }
}
