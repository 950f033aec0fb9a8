// JSON of somebody else's, read into plain data.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

// One JSON text (RFC 8259). usage: where it is none; nested deeper than 64 counts as none. Of two entries with one name the first counts.
// Numbers with a point or an exponent, or too long for 64 bits, become reals; \u of half a pair becomes U+FFFD.
Result<Value> from_json(std::string_view text);

}  // namespace kra
