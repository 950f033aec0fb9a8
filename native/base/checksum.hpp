// Checksums. CRC32C (Castagnoli, polynomial 0x1EDC6F41; RFC 3720 appendix B.4) finds damage; hash64 names things.
#pragma once

#include <cstdint>
#include <string_view>

namespace kra {

// `before`: of what came before. Takes the processor's instruction where there is one.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);
// A well-mixed 64-bit hash, stable across versions and machines (it names directories). Not for secrets.
std::uint64_t hash64(std::string_view bytes);

}  // namespace kra
