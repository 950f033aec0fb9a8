#include "peers/tmux_words.hpp"

#include <cctype>
#include <optional>

#include "base/text.hpp"
#include "peers/tmux.hpp"

namespace kra {
namespace {

constexpr std::string_view letters = "abtnvfr0s";
constexpr std::string_view meanings{"\a\b\t\n\v\f\r\0 ", 9};

bool octal(char c) { return c >= '0' && c <= '7'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

// The byte that an escape sequence behind a backslash means; takes it off `rest`.
char unescaped(std::string_view& rest) {
  if (rest.size() >= 3 && octal(rest[0]) && rest[0] < '4' && octal(rest[1]) && octal(rest[2])) {
    const int byte = (rest[0] - '0') * 64 + (rest[1] - '0') * 8 + (rest[2] - '0');
    rest.remove_prefix(3);
    return static_cast<char>(byte);
  }
  const char letter = rest[0];
  rest.remove_prefix(1);
  if (letter == 'E' || letter == 'e') return '\033';
  const auto known = letters.find(letter);
  return known == letters.npos ? letter : meanings[known];
}

std::string unvis(std::string_view shown) {
  std::string text;
  while (!shown.empty()) {
    const char c = shown[0];
    shown.remove_prefix(1);
    text += c == '\\' && !shown.empty() ? unescaped(shown) : c;
  }
  return text;
}

// The bytes of a valid sequence of UTF-8 at the start, at least 2; 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  for (std::size_t length = 2; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return static_cast<unsigned char>(text[0]) >= 0x80 ? length : 0;
  }
  return 0;
}

std::string octal_of(unsigned char byte) {
  return {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)), static_cast<char>('0' + (byte & 7))};
}

// Behind a dollar: what older releases protect from their own parser.
bool starts_name(std::string_view text) {
  return !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_' || text[0] == '{');
}

// What tmux makes of a name: vis(3) with octal and C style, UTF-8 as it is.
std::string vis(std::string_view text, int release) {
  std::string shown;
  while (!text.empty()) {
    const auto sequence = sequence_length(text);
    if (sequence > 0) {
      shown += text.substr(0, sequence);
      text.remove_prefix(sequence);
      continue;
    }
    const char c = text[0];
    const auto byte = static_cast<unsigned char>(c);
    text.remove_prefix(1);
    const auto known = c == ' ' || c == '\0' ? meanings.npos : meanings.find(c);
    if (c == '\\' || (c == '$' && release < 304 && starts_name(text))) shown += {'\\', c};
    else if (known != meanings.npos) shown += {'\\', letters[known]};
    else if (byte < 0x20 || byte >= 0x7f) shown += octal_of(byte);
    else shown += c;
  }
  return shown;
}

// A number at the start of `rest`, taken off it.
std::optional<std::string_view> number(std::string_view& rest) {
  std::size_t length = !rest.empty() && rest[0] == '-' ? 1 : 0;
  const auto sign = length;
  while (length < rest.size() && digit(rest[length])) ++length;
  if (length == sign) return {};
  const auto text = rest.substr(0, length);
  rest.remove_prefix(length);
  return text;
}

// "WxH,X,Y" at the start of `rest`, taken off it.
std::optional<std::string_view> place(std::string_view& rest) {
  const auto whole = rest;
  constexpr std::string_view behind = "x,,";
  for (std::size_t i = 0; i < 4; ++i) {
    if (!number(rest)) return {};
    if (i == 3) break;
    if (rest.empty() || rest[0] != behind[i]) return {};
    rest.remove_prefix(1);
  }
  return whole.substr(0, whole.size() - rest.size());
}

std::string layout_checksum(std::string_view shapes) {
  unsigned sum = 0;
  for (const char c : shapes) sum = (((sum >> 1) | ((sum & 1) << 15)) + static_cast<unsigned char>(c)) & 0xffff;
  return hex(sum, 4);
}

}  // namespace

int tmux_release(std::string_view version) {
  const auto start = version.find_first_of("0123456789");
  const auto point = version.find('.', start);
  if (start == version.npos || point == version.npos) return 0;
  auto rest = version.substr(point + 1);
  const auto major = parse_int(version.substr(start, point - start));
  const auto minor = parse_int(number(rest).value_or(""));
  return major && minor ? static_cast<int>(*major * 100 + *minor) : 0;
}

std::string decoded_name(std::string_view shown, int release) {
  auto text = unvis(shown);
  // tmux before 3.7 keeps some names as they were given; newer ones refuse control bytes.
  return vis(text, release) == shown ? text : std::string(shown);
}

bool is_named_when_made(std::string_view window_name) {
  constexpr int old = 303, now = 304;
  return vis(window_name, now) == window_name && vis(window_name, old) != window_name;
}

std::string decoded_title(std::string_view shown, int release) {
  return release < 307 ? std::string(shown) : decoded_name(shown, release);
}

std::vector<std::string> tmux_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool inside = false;
  while (!line.empty()) {
    const char c = line[0];
    line.remove_prefix(1);
    if (c == ' ' && quote == 0) {
      if (inside) words.push_back(std::move(word));
      word.clear(), inside = false;
      continue;
    }
    inside = true;
    if (quote == 0 && (c == '"' || c == '\'')) quote = c;
    else if (c == quote) quote = 0;
    else word += c == '\\' && !line.empty() ? unescaped(line) : c;
  }
  if (quote != 0) return {};
  if (inside) words.push_back(std::move(word));
  return words;
}

std::string normal_layout(std::string_view layout) {
  const auto comma = layout.find(',');
  if (comma == layout.npos) return std::string(layout);
  auto rest = layout.substr(comma + 1);
  std::string shapes;
  int pane = 0;
  while (!rest.empty()) {
    auto tail = rest;
    const auto shape = place(tail);
    if (!shape) {
      shapes += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    shapes += *shape;
    rest = tail;
    // A leaf goes on with its pane's id; what follows a container's comma is another place.
    if (rest.empty() || rest[0] != ',') continue;
    tail = rest.substr(1);
    if (!number(tail) || (!tail.empty() && tail[0] == 'x')) continue;
    shapes += cat(",", pane++);
    rest = tail;
  }
  return cat(layout_checksum(shapes), ",", shapes);
}

}  // namespace kra
