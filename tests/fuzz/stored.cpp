// A stored generation from any bytes: as a file, and as front and body behind a header whose checksums are right. What is believed can be
// stored again and comes back equal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/record.hpp"
#include "engine/history.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

static void load(std::string_view file) {
  (void)unsealed_front(file);
  auto loaded = deserialise(file);
  if (!loaded) return;
  auto again = serialise(*loaded);
  // As packed bytes, because a NaN does not equal itself.
  if (!again) std::abort();
  auto reloaded = deserialise(*again);
  if (!reloaded || pack(to_value(reloaded->workspace)) != pack(to_value(loaded->workspace)) || !(reloaded->stamp == loaded->stamp)) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  load(bytes);
  if (size < 2) return 0;
  std::size_t front = data[0] * 256U + data[1];
  if (front > bytes.size() - 2) front = bytes.size() - 2;
  load(sealed(bytes.substr(2, front), bytes.substr(2 + front)));
  return 0;
}
