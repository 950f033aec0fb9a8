// MessagePack (github.com/msgpack/msgpack, spec.md) to Value and back. Everything received is scanned before it is unpacked, so
// that a few bytes can never claim gigabytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

struct WireLimits {
  std::size_t frame = 16U << 20;    // bytes of one message
  std::size_t depth = 32;           // nesting of arrays and maps
  std::size_t elements = 65'536;    // of one array or map
  std::size_t text = 8U << 20;      // bytes of one string
  std::size_t total = 1U << 20;     // values in one message: what bounds the memory that it takes unpacked
};

std::string pack(const Value& value);

// One value that fills `bytes` exactly. Strings, binaries and extensions become text; keys of maps must be text.
// Fault::corrupt for everything else, within the limits of memory that `limits` sets.
Result<Value> unpack(std::string_view bytes, const WireLimits& limits = {});

// Looks at headers only and allocates next to nothing. It goes on where it stopped when more bytes have come, so a message that trickles in
// is walked once. After an Error nothing that follows can be trusted.
class Scanner {
 public:
  explicit Scanner(const WireLimits& limits = {}) : limits_(limits) {}
  // `bytes` begins with the value and may have grown since the last call. The length of the value when it is complete, 0 when more bytes
  // are needed, Fault::refused when a limit is broken, Fault::corrupt when it is no MessagePack.
  Result<std::size_t> scan(std::string_view bytes);

 private:
  Result<bool> step(std::string_view bytes);
  Result<void> open(std::size_t children, std::size_t least_bytes);

  WireLimits limits_;
  std::size_t at_ = 0;
  std::size_t total_ = 0;
  std::vector<std::size_t> open_;  // values still to come in each open container
  bool begun_ = false;
};

}  // namespace kra
