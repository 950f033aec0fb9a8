// A draft journal from any bytes, alone and behind a frame whose checksum is right: whatever is found is made of whole frames, and reading it again gives
// the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/draft_replay.hpp"

using namespace kra;

static void read(std::string_view file) {
  auto found = find_frames(file);
  std::size_t bytes = 0;
  std::string kept;
  for (const auto& frame : found.frames) append_frame(kept, frame.type, frame.payload);
  for (const auto& stretch : found.damaged) bytes += stretch.size;
  if (bytes + kept.size() != file.size() || !are_frames(kept)) std::abort();
  auto journal = replay({file}, true);
  auto again = replay({kept, kept}, true);
  if (again.damaged_bytes != 0 || again.records != journal.records || again.buffers.size() != journal.buffers.size()) std::abort();
  for (const auto& [id, buffer] : journal.buffers) {
    const auto& other = again.buffers.at(id);
    if (buffer.lines.has_value() != other.lines.has_value() || (buffer.lines && buffer.lines->text() != other.lines->text())) std::abort();
    if (buffer.lines && buffer.lines->text().size() != buffer.lines->bytes()) std::abort();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  // Frames around pieces of the input: type, length, payload.
  std::string file;
  while (bytes.size() >= 2) {
    auto type = static_cast<std::uint8_t>(bytes[0]) % 10;
    auto length = std::min<std::size_t>(static_cast<std::uint8_t>(bytes[1]), bytes.size() - 2);
    append_frame(file, static_cast<DraftType>(type), bytes.substr(2, length));
    bytes.remove_prefix(2 + length);
  }
  read(file);
  return 0;
}
