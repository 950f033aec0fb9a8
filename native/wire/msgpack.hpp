// MessagePack (github.com/msgpack/msgpack, spec.md) to Value and back. Everything received is scanned before it is unpacked, so
// that a few bytes can never claim gigabytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

struct WireLimits {
  std::size_t frame = 16U << 20;    // bytes of one message
  std::size_t depth = 32;           // nesting of arrays and maps
  std::size_t elements = 65'536;    // of one array or map
  std::size_t text = 8U << 20;      // bytes of one string
};

std::string pack(const Value& value);

// One value that fills `bytes` exactly. Strings, binaries and extensions become text; keys of maps must be text.
// Fault::corrupt for everything else, within the limits of memory that `limits` sets.
Result<Value> unpack(std::string_view bytes, const WireLimits& limits = {});

// Looks at headers only, allocates nothing. The length of the first complete value, 0 when more bytes are needed,
// Fault::refused when a limit is broken, Fault::corrupt when it is no MessagePack.
Result<std::size_t> scan(std::string_view bytes, const WireLimits& limits = {});

}  // namespace kra
