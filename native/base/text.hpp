// Small tools on text. Nothing here depends on the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kra {

namespace detail {
inline void append(std::string& out, std::string_view piece) { out.append(piece); }
inline void append(std::string& out, char piece) { out.push_back(piece); }
void append(std::string& out, long long piece);
void append(std::string& out, unsigned long long piece);
inline void append(std::string& out, int piece) { append(out, static_cast<long long>(piece)); }
inline void append(std::string& out, long piece) { append(out, static_cast<long long>(piece)); }
inline void append(std::string& out, unsigned piece) { append(out, static_cast<unsigned long long>(piece)); }
inline void append(std::string& out, unsigned long piece) { append(out, static_cast<unsigned long long>(piece)); }
}  // namespace detail

// The pieces (text, characters, integers) in one string.
template <class... Pieces>
std::string cat(const Pieces&... pieces) {
  std::string out;
  (detail::append(out, pieces), ...);
  return out;
}

// All fields, empty ones included; never empty: splitting "" gives one empty field.
std::vector<std::string_view> split(std::string_view text, std::string_view separator);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);

// The whole of `text` as a decimal number, or nothing.
std::optional<std::int64_t> parse_int(std::string_view text);
std::string hex(std::uint64_t number, int digits);

bool is_utf8(std::string_view text);
// Fit for a terminal or JSON: invalid bytes become U+FFFD, control bytes are written as \xNN.
std::string printable(std::string_view text);
// One word that a POSIX shell reads back as exactly `word`; for people to read, never handed to a shell by kra.
std::string shell_quoted(std::string_view word);
std::string shell_quoted(const std::vector<std::string>& argv);

// The name among `known` that was probably meant, or nothing ("did you mean").
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

// "18 ms", "3 min", "2 days": for people.
std::string duration_text(std::int64_t milliseconds);

}  // namespace kra
