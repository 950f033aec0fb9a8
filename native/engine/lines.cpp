#include "engine/lines.hpp"

#include <cstring>

namespace kra {

static std::vector<std::string_view> split_lines(std::string_view text, std::size_t kept_end) {
  std::vector<std::string_view> lines;
  // A guess costs less than a count, which is a second walk over the text.
  constexpr std::size_t usual_line = 32;
  lines.reserve(text.size() / usual_line + 1);
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == text.npos) {
      lines.push_back(text);
      break;
    }
    lines.push_back(text.substr(0, end + kept_end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::string_view> lines_with_ends(std::string_view text) { return split_lines(text, 1); }

std::vector<std::string_view> lines_of_buffer(std::string_view text) {
  auto lines = split_lines(text, 0);
  if (lines.empty()) lines.push_back(text);
  return lines;
}

// Eight bytes at a time: a line is hashed in the time of one look into memory. Equality is decided by the bytes.
static std::uint64_t quick_hash(std::string_view line) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ULL;
  std::uint64_t hash = line.size() * odd, word = 0;
  while (line.size() >= sizeof word) {
    std::memcpy(&word, line.data(), sizeof word);
    hash = (hash ^ word) * odd;
    hash ^= hash >> 29;
    line.remove_prefix(sizeof word);
  }
  word = 0;
  if (!line.empty()) std::memcpy(&word, line.data(), line.size());
  hash = (hash ^ word) * odd;
  return hash ^ (hash >> 32);
}

LineNumbers::LineNumbers(std::size_t expected_lines) {
  std::size_t size = 64;
  while (size < expected_lines * 2) size *= 2;
  slots_.assign(size, 0);
  mask_ = size - 1;
  known_.reserve(expected_lines);
}

std::vector<std::uint32_t> LineNumbers::of(const std::vector<std::string_view>& lines) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(lines.size());
  // Texts of one file go on alike: after a known line comes, nearly always, the next one that is known.
  std::size_t next = 0;
  for (auto line : lines) {
    const auto number = next < known_.size() && known_[next].line == line ? static_cast<std::uint32_t>(next) : number_of(line);
    next = number + 1;
    numbers.push_back(number);
  }
  return numbers;
}

std::uint32_t LineNumbers::number_of(std::string_view line) {
  if (known_.size() * 2 > mask_) grow();
  const auto hash = quick_hash(line);
  for (auto at = hash & mask_;; at = (at + 1) & mask_) {
    if (slots_[at] == 0) {
      known_.push_back({hash, line});
      slots_[at] = static_cast<std::uint32_t>(known_.size());
      return slots_[at] - 1;
    }
    const auto& known = known_[slots_[at] - 1];
    if (known.hash == hash && known.line == line) return slots_[at] - 1;
  }
}

void LineNumbers::grow() {
  slots_.assign(slots_.size() * 2, 0);
  mask_ = slots_.size() - 1;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    auto at = known_[i].hash & mask_;
    while (slots_[at] != 0) at = (at + 1) & mask_;
    slots_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace kra
