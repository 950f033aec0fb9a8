#include "base/fold.hpp"

#include <algorithm>
#include <iterator>

#include "base/fold_table.hpp"
#include "base/text.hpp"

namespace kra {
namespace {

void append_utf8(std::string& out, char32_t point) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) out += static_cast<char>(point);
  else if (point < 0x800) out += static_cast<char>(0xc0 | (point >> 6)), tail(0);
  else if (point < 0x10000) out += static_cast<char>(0xe0 | (point >> 12)), tail(6), tail(0);
  else out += static_cast<char>(0xf0 | (point >> 18)), tail(12), tail(6), tail(0);
}

// Of text that is_utf8().
char32_t next_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  char32_t point = first & (0x3fU >> more);
  for (int n = 0; n < more; ++n) point = (point << 6) | (static_cast<unsigned char>(text[at++]) & 0x3f);
  return point;
}

// A syllable is its letters (Unicode, chapter 3.12).
bool append_hangul(std::string& out, char32_t point) {
  if (point < 0xac00 || point > 0xd7a3) return false;
  const auto index = point - 0xac00;
  append_utf8(out, 0x1100 + index / 588), append_utf8(out, 0x1161 + index % 588 / 28);
  if (index % 28 != 0) append_utf8(out, 0x11a7 + index % 28);
  return true;
}

void append_folded(std::string& out, char32_t point) {
  for (const auto& run : fold_runs)
    if (point >= run.first && point <= run.last && (point - run.first) % run.step == 0) return append_utf8(out, point + static_cast<char32_t>(run.offset));
  const auto found = std::lower_bound(std::begin(fold_points), std::end(fold_points), point, [](const FoldPoint& row, char32_t wanted) { return row.from < wanted; });
  if (found == std::end(fold_points) || found->from != point) return void(append_hangul(out, point) || (append_utf8(out, point), true));
  for (const auto each : found->to)
    if (each != 0) append_utf8(out, each);
}

}  // namespace

std::string folded(std::string_view name) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii && !is_utf8(name)) return std::string(name);
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const auto point = next_point(name, at);
    if (point < 0x80) out += static_cast<char>(point >= 'A' && point <= 'Z' ? point + 32 : point);
    else append_folded(out, point);
  }
  return out;
}

}  // namespace kra
