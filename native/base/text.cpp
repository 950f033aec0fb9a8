#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace kra {

namespace detail {
template <class Number>
static void append_number(std::string& out, Number number) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}
void append(std::string& out, long long piece) { append_number(out, piece); }
void append(std::string& out, unsigned long long piece) { append_number(out, piece); }
}  // namespace detail

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> fields;
  for (;;) {
    auto end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + separator.size());
  }
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string out;
  for (const auto& piece : pieces) {
    if (&piece != &pieces.front()) out.append(separator);
    out.append(piece);
  }
  return out;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string hex(std::uint64_t number, int digits) {
  std::string out(static_cast<std::size_t>(digits), '0');
  for (auto at = out.rbegin(); at != out.rend(); ++at, number >>= 4) *at = "0123456789abcdef"[number & 15];
  return out;
}

// The length of the UTF-8 sequence at the start of `text`, 0 when there is none (overlong forms, surrogates and
// values above U+10FFFF are none; RFC 3629, section 4).
static std::size_t sequence_length(std::string_view text) {
  auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  auto tail = [&](std::size_t at) { return (byte(at) & 0xc0U) == 0x80U; };
  unsigned lead = byte(0);
  if (lead < 0x80) return text.empty() ? 0 : 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    bool narrow = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f);
    return !narrow && tail(1) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    bool narrow = (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f);
    return !narrow && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    auto length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto length = sequence_length(text);
    auto first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out.append("\xef\xbf\xbd");
    } else if (first < 0x20 || first == 0x7f) {
      out.append(cat("\\x", hex(first, 2)));
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  std::string out = "'";
  for (char c : word) out.append(c == '\'' ? std::string("'\\''") : std::string(1, c));
  return out + "'";
}

std::string shell_quoted(const std::vector<std::string>& argv) {
  std::vector<std::string> words;
  for (const auto& word : argv) words.push_back(shell_quoted(std::string_view(word)));
  return join(words, " ");
}

// Levenshtein distance by the two-row form of Wagner and Fischer (1974).
static std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t swapped = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, swapped});
    }
  }
  return row.back();
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (const auto& candidate : known) {
    auto far = distance(word, candidate);
    if (far < best_distance) best = candidate, best_distance = far;
  }
  return best;
}

std::string duration_text(std::int64_t milliseconds) {
  struct Step { std::int64_t size; const char* name; };
  constexpr Step steps[] = {{86'400'000, "day"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}};
  for (auto [size, name] : steps) {
    auto count = milliseconds / size;
    if (count > 0) return cat(count, " ", name, size == 86'400'000 && count > 1 ? "s" : "");
  }
  return cat(milliseconds, " ms");
}

}  // namespace kra
