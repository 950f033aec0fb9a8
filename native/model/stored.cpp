// The header, numbers big-endian as in MessagePack:
//
//    0  magic  89 6b 72 61 0d 0a 1a 0a       16  body length  u64
//    8  version               u16            24  front crc32c u32
//   10  flags, 0 in version 1 u16            28  body crc32c  u32
//   12  front length          u32            32  crc32c of the 32 bytes before
//
// Every later version keeps these 36 bytes, so that a flipped bit in the version is told from a newer version.
#include "model/stored.hpp"

#include "base/checksum.hpp"
#include "base/text.hpp"

namespace kra {

// As PNG's: a transfer that changes line ends, cuts the eighth bit or stops at a control-Z shows at once.
static constexpr std::string_view magic("\x89kra\r\n\x1a\n", 8);

static void put(std::string& out, std::uint64_t number, int width) {
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

static std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t number = 0;
  for (char c : bytes.substr(at, width)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::string sealed(std::string_view front, std::string_view body) {
  std::string file;
  file.reserve(stored_header + front.size() + body.size());
  file.append(magic);
  put(file, stored_version, 2);
  put(file, 0, 2);
  put(file, front.size(), 4);
  put(file, body.size(), 8);
  put(file, crc32c(front), 4);
  put(file, crc32c(body), 4);
  put(file, crc32c(file), 4);
  return file.append(front).append(body);
}

static Error damaged(const char* how) { return {Fault::corrupt, how}; }

namespace {

struct Header {
  std::uint64_t front = 0, body = 0;
  std::uint32_t front_sum = 0, body_sum = 0;
};

Result<Header> read_header(std::string_view file) {
  if (file.empty()) return damaged("empty");
  if (file.size() < stored_header) return damaged("cut off in the header");
  if (file.substr(0, magic.size()) != magic) return damaged("no file of kra's");
  if (crc32c(file.substr(0, 32)) != number_at(file, 32, 4)) return damaged("damaged in the header");
  auto version = number_at(file, 8, 2);
  if (version > stored_version)
    return Error{Fault::refused, cat("written by a newer kra (format ", version, "); this one reads up to ", stored_version)};
  Header header{number_at(file, 12, 4), number_at(file, 16, 8), static_cast<std::uint32_t>(number_at(file, 24, 4)),
                static_cast<std::uint32_t>(number_at(file, 28, 4))};
  // The sizes are compared one by one, so that their sum cannot wrap.
  bool possible = version > 0 && number_at(file, 10, 2) == 0 && header.front <= stored_front_limit && header.body <= stored_limit;
  if (!possible) return damaged("a header that no kra writes");
  return header;
}

}  // namespace

Result<UnsealedFront> unsealed_front(std::string_view beginning) {
  auto header = TRY(read_header(beginning));
  auto front = beginning.substr(stored_header, header.front);
  if (front.size() != header.front) return damaged("cut off in the front");
  if (crc32c(front) != header.front_sum) return damaged("damaged in the front");
  return UnsealedFront{front, stored_header + header.front + header.body};
}

Result<Unsealed> unsealed(std::string_view file) {
  auto [front, file_bytes] = TRY(unsealed_front(file));
  if (file.size() < file_bytes) return damaged("cut off in the body");
  if (file.size() > file_bytes) return damaged("bytes after its end");
  auto body = file.substr(stored_header + front.size());
  if (crc32c(body) != number_at(file, 28, 4)) return damaged("damaged in the body");
  return Unsealed{front, body};
}

}  // namespace kra
