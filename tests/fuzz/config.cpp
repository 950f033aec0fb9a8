// Settings from any bytes: an answer or one line of error, within limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "model/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto loaded = kra::load_settings("c", {reinterpret_cast<const char*>(bytes), size});
  if (!loaded.ok() && loaded.error().what.find('\n') != std::string::npos) std::abort();
  if (loaded.ok() && loaded->all.size() != kra::option_table().size()) std::abort();
  return 0;
}
