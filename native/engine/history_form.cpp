// Generation <-> the bytes of a file.
#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/history.hpp"
#include "wire/msgpack.hpp"

namespace kra {

// What is written must be readable under the same limits.
static constexpr WireLimits limits{.frame = stored_limit, .total = 2U << 20};

static Result<void> check_storable(std::string_view front, std::string_view body) {
  if (front.size() > stored_front_limit) return Error{Fault::refused, "the message is too long to be stored"};
  TRY_TO("too much to be stored", Scanner(limits).scan(body));
  if (stored_header + front.size() + body.size() > stored_limit) return Error{Fault::refused, cat("too much to be stored: more than ", stored_limit, " bytes")};
  return {};
}

Result<std::string> serialise(const Generation& generation) {
  auto front = pack(to_value(Front{generation.stamp, count(generation.workspace)}));
  auto body = pack(to_value(generation.workspace));
  TRY(check_storable(front, body));
  return sealed(front, body);
}

Result<Front> unpack_front(std::string_view bytes) {
  Front front;
  auto value = TRY_TO("front", unpack(bytes, limits));
  TRY_TO("front", from_value(value, front));
  return front;
}

Result<Generation> deserialise(std::string_view file) {
  auto parts = TRY(unsealed(file));
  auto front = TRY(unpack_front(parts.front));
  auto value = TRY_TO("workspace", unpack(parts.body, limits));
  Generation generation{std::move(front.stamp), {}};
  TRY_TO("workspace", from_value(value, generation.workspace));
  if (count(generation.workspace) != front.counts) return Error{Fault::corrupt, "its counts are not those of its workspace"};
  return generation;
}

}  // namespace kra
