#include "base/json.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace kra {
namespace {

constexpr int deepest = 64;

void append_utf8(std::string& out, std::uint32_t point) {
  auto part = [&](std::uint32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (point < 0x80) return part(point);
  if (point < 0x800) return part(0xc0 | point >> 6), part(0x80 | (point & 0x3f));
  if (point < 0x10000) return part(0xe0 | point >> 12), part(0x80 | (point >> 6 & 0x3f)), part(0x80 | (point & 0x3f));
  part(0xf0 | point >> 18), part(0x80 | (point >> 12 & 0x3f)), part(0x80 | (point >> 6 & 0x3f)), part(0x80 | (point & 0x3f));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Value> whole() {
    auto value = TRY(any(0));
    skip();
    if (at_ < text_.size()) return wrong();
    return value;
  }

 private:
  Error wrong() const { return {Fault::usage, cat("no JSON at byte ", at_ + 1)}; }

  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Result<Value> any(int depth) {
    skip();
    if (depth > deepest || at_ >= text_.size()) return wrong();
    switch (text_[at_]) {
      case '{': return map(depth);
      case '[': return array(depth);
      case '"': return Value(TRY(string()));
      default: break;
    }
    if (take("null")) return Value();
    if (take("true")) return Value(true);
    if (take("false")) return Value(false);
    return number();
  }

  Result<Value> map(int depth) {
    Value::Map entries;
    ++at_, skip();
    if (take("}")) return Value(std::move(entries));
    while (true) {
      skip();
      if (at_ >= text_.size() || text_[at_] != '"') return wrong();
      auto key = TRY(string());
      skip();
      if (!take(":")) return wrong();
      entries.emplace_back(std::move(key), TRY(any(depth + 1)));
      skip();
      if (take("}")) return Value(std::move(entries));
      if (!take(",")) return wrong();
    }
  }

  Result<Value> array(int depth) {
    Value::Array items;
    ++at_, skip();
    if (take("]")) return Value(std::move(items));
    while (true) {
      items.push_back(TRY(any(depth + 1)));
      skip();
      if (take("]")) return Value(std::move(items));
      if (!take(",")) return wrong();
    }
  }

  Result<Value> number() {
    const auto end = std::min(text_.find_first_not_of("-+.eE0123456789", at_), text_.size());
    const std::string word(text_.substr(at_, end - at_));
    const auto digits = word.find_first_not_of('-');
    if (digits > 1 || word[digits] < '0' || word[digits] > '9' || (word[digits] == '0' && word.find_first_of("0123456789", digits + 1) == digits + 1))
      return wrong();
    if (auto whole = parse_int(word)) return at_ = end, Value(*whole);
    char* stopped = nullptr;
    const double real = std::strtod(word.c_str(), &stopped);
    if (*stopped != '\0') return wrong();
    at_ = end;
    return Value(real);
  }

  Result<std::uint32_t> four_digits() {
    std::uint32_t number = 0;
    for (int left = 4; left > 0; --left, ++at_) {
      const auto digit = at_ < text_.size() ? std::string_view("0123456789abcdef").find(static_cast<char>(text_[at_] | 0x20)) : std::string_view::npos;
      if (digit == std::string_view::npos) return wrong();
      number = number * 16 + static_cast<std::uint32_t>(digit);
    }
    return number;
  }

  Result<void> escape(std::string& out) {
    if (at_ >= text_.size()) return wrong();
    const char letter = text_[at_++];
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (const auto at = letters.find(letter); at != letters.npos) return out.push_back(meant[at]), Result<void>();
    if (letter != 'u') return wrong();
    auto point = TRY(four_digits());
    if (point >= 0xd800 && point < 0xdc00 && take("\\u")) {
      const auto low = TRY(four_digits());
      point = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
    }
    append_utf8(out, point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
    return {};
  }

  Result<std::string> string() {
    std::string out;
    for (++at_; at_ < text_.size(); ) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return wrong();
      ++at_;
      if (c == '"') return out;
      if (c == '\\') TRY(escape(out));
      else out.push_back(c);
    }
    return wrong();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Value> from_json(std::string_view text) { return Reader(text).whole(); }

}  // namespace kra
