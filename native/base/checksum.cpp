#include "base/checksum.hpp"

#include <array>

namespace kra {

static constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) ? 0x82f63b78U : 0U);
    table[i] = rest;
  }
  return table;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  static constexpr auto table = crc_table();
  std::uint32_t rest = ~before;
  for (char c : bytes) rest = table[(rest ^ static_cast<unsigned char>(c)) & 255] ^ (rest >> 8);
  return ~rest;
}

// FNV-1a (Fowler, Noll, Vo) with the finaliser of MurmurHash3, which repairs FNV's weak high bits.
std::uint64_t hash64(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33);
}

}  // namespace kra
