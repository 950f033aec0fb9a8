// Messages from any bytes. The walker of headers and msgpack-c must agree on what is a message and where it ends, however the bytes arrive; what
// was read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "wire/frame.hpp"

using namespace kra;

static void must(bool holds) {
  if (!holds) std::abort();
}

static void scan_and_unpack_agree(std::string_view bytes) {
  auto whole = Scanner().scan(bytes);
  auto unpacked = unpack(bytes);
  if (!whole || *whole == 0) return must(!unpacked.ok());
  must(*whole <= bytes.size());
  must(unpacked.ok() ? *whole == bytes.size() : unpacked.error().what != "no MessagePack");
  for (std::size_t length = 0; length < *whole && length < 200; ++length) {
    auto part = Scanner().scan(bytes.substr(0, length));
    must(part && *part == 0);
  }
  if (!unpacked) return;
  // Compared as bytes, because a NaN does not equal itself.
  auto packed = pack(*unpacked);
  auto again = unpack(packed);
  must(again && pack(*again) == packed);
}

static std::string frames_of(std::string_view bytes, std::size_t piece) {
  FrameReader reader;
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    while (true) {
      auto frame = reader.next();
      if (!frame) return seen + "!";
      if (!*frame) break;
      seen += pack(**frame) + "|";
    }
  }
  return seen;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  scan_and_unpack_agree(bytes);
  must(frames_of(bytes, 1U + data[0] % 16) == frames_of(bytes, bytes.size() + 1));
  return 0;
}
