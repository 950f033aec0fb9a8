#include "engine/draft_frame.hpp"

#include <algorithm>

#include "engine/log_record.hpp"

namespace kra {

static_assert(draft_frame_head == draft_mark.size() + log_record_head);

void append_frame(std::string& out, DraftType type, std::string_view payload) {
  out.append(draft_mark);
  append_record(out, static_cast<std::uint8_t>(type), payload);
}

std::optional<std::uint64_t> seq_of(std::string_view payload) {
  constexpr unsigned char array_of_two = 0x92;
  if (payload.size() < 2 || static_cast<unsigned char>(payload[0]) != array_of_two) return std::nullopt;
  auto first = static_cast<unsigned char>(payload[1]);
  if (first <= 0x7f) return first;
  if (first < 0xcc || first > 0xcf) return std::nullopt;
  std::size_t width = std::size_t{1} << (first - 0xcc);
  if (payload.size() < 2 + width) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < width; ++at) number = number << 8 | static_cast<unsigned char>(payload[2 + at]);
  return number;
}

// The frame that `rest` begins with, and its length in `length`.
static std::optional<DraftFrame> frame_at(std::string_view rest, std::size_t& length) {
  if (!rest.starts_with(draft_mark)) return std::nullopt;
  LogRecordReader reader(rest.substr(draft_mark.size()));
  auto record = reader.next();
  if (!record) return std::nullopt;
  auto seq = seq_of(record->payload);
  if (!seq) return std::nullopt;
  length = draft_mark.size() + reader.good();
  return DraftFrame{static_cast<DraftType>(record->type), *seq, record->payload};
}

// How many bytes a checksum was made of to find that no frame begins there.
static std::size_t cost_of(std::string_view rest) {
  std::size_t claimed = 0;
  if (rest.size() < draft_frame_head) return 1;
  for (std::size_t at = 4; at-- > 0;) claimed = claimed << 8 | static_cast<unsigned char>(rest[draft_mark.size() + at]);
  return claimed > log_record_limit || claimed > rest.size() - draft_frame_head ? 1 : claimed + 1;
}

FoundFrames find_frames(std::string_view file) {
  FoundFrames found;
  // Text may hold the mark any number of times, each followed by a length that wants a checksum of all that follows.
  std::size_t budget = 64 * file.size();
  std::size_t at = 0, lost_from = 0;
  while (at < file.size()) {
    std::size_t length = 0;
    auto frame = frame_at(file.substr(at), length);
    if (frame) {
      if (at > lost_from) found.damaged.push_back({lost_from, at - lost_from});
      found.frames.push_back(*frame);
      lost_from = at += length;
      continue;
    }
    auto cost = cost_of(file.substr(at));
    if (cost > budget) break;
    budget -= cost;
    at = std::min(file.find(draft_mark, at + 1), file.size());
  }
  if (lost_from < file.size()) found.damaged.push_back({lost_from, file.size() - lost_from}), found.torn_end = true;
  return found;
}

bool are_frames(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t length = 0;
    if (!frame_at(bytes, length)) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace kra
