// The glob of gitignore(5). Every pair of positions is tried once.
#include <cctype>

#include "engine/ignore.hpp"

namespace kra {

namespace {

using Text = std::string_view;

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// "[:alpha:]" and its like; a class that nobody knows fails the whole pattern.
enum class In { yes, no, unknown };
In in_class(Text name, char c, bool fold) {
  auto byte = static_cast<unsigned char>(c);
  if (byte > 127) return In::no;
  struct Row {
    Text name;
    int (*holds)(int);
  };
  static constexpr Row rows[] = {
      {"alnum", [](int b) { return std::isalnum(b); }}, {"alpha", [](int b) { return std::isalpha(b); }},
      {"blank", [](int b) { return int(b == ' ' || b == '\t'); }}, {"cntrl", [](int b) { return std::iscntrl(b); }},
      {"digit", [](int b) { return std::isdigit(b); }}, {"graph", [](int b) { return std::isgraph(b); }},
      {"lower", [](int b) { return std::islower(b); }}, {"print", [](int b) { return std::isprint(b); }},
      {"punct", [](int b) { return std::ispunct(b); }}, {"space", [](int b) { return std::isspace(b); }},
      {"upper", [](int b) { return std::isupper(b); }}, {"xdigit", [](int b) { return std::isxdigit(b); }},
  };
  for (const auto& row : rows)
    if (row.name == name) return row.holds(byte) || (fold && name == "upper" && std::islower(byte)) ? In::yes : In::no;
  return In::unknown;
}

class Glob {
 public:
  Glob(Text pattern, Text text, bool fold) : pattern_(pattern), text_(text), fold_(fold) {}

  bool matches(std::size_t p, std::size_t t) {
    for (; p < pattern_.size(); ++p, ++t) {
      if (pattern_[p] == '*') return star(p, t);
      if (t >= text_.size() || !one(p, text_[t])) return false;
    }
    return t == text_.size();
  }

 private:
  // The character at `t` against what begins at `p`, which is left on its last byte.
  bool one(std::size_t& p, char c) {
    switch (pattern_[p]) {
      case '?': return c != '/';
      case '[': return bracket(p, c);
      case '\\':
        if (++p >= pattern_.size()) return false;
        [[fallthrough]];
      default: return same(pattern_[p], c);
    }
  }
  bool same(char of_pattern, char c) const { return fold_ ? folded(of_pattern) == folded(c) : of_pattern == c; }

  bool bracket(std::size_t& p, char c) {
    char sought = fold_ ? folded(c) : c;
    std::size_t at = p + 1;
    bool negated = at < pattern_.size() && (pattern_[at] == '!' || pattern_[at] == '^');
    if (negated) ++at;
    bool matched = false;
    int before = -1;  // the character that a range may begin with
    for (bool first = true;; first = false, ++at) {
      if (at >= pattern_.size()) return false;
      char now = pattern_[at];
      if (now == ']' && !first) break;
      if (now == '[' && at + 1 < pattern_.size() && pattern_[at + 1] == ':') {
        auto end = pattern_.find(']', at + 2);
        if (end == Text::npos) return false;
        // Without the colon at the end it is a plain bracket.
        if (end >= at + 3 && pattern_[end - 1] == ':') {
          auto in = in_class(pattern_.substr(at + 2, end - at - 3), sought, fold_);
          if (in == In::unknown) return false;
          matched = matched || in == In::yes;
          at = end;
          before = -1;
          continue;
        }
      }
      if (now == '-' && before >= 0 && at + 1 < pattern_.size() && pattern_[at + 1] != ']') {
        char last = pattern_[++at];
        if (last == '\\') {
          if (++at >= pattern_.size()) return false;
          last = pattern_[at];
        }
        matched = matched || in_range(before, last, sought);
        before = -1;
        continue;
      }
      if (now == '\\') {
        if (++at >= pattern_.size()) return false;
        now = pattern_[at];
      }
      matched = matched || now == sought;
      before = static_cast<unsigned char>(now);
    }
    p = at;
    return matched != negated && c != '/';
  }

  bool in_range(int first, char last, char c) const {
    auto within = [&](char sought) {
      int byte = static_cast<unsigned char>(sought);
      return first <= byte && byte <= static_cast<unsigned char>(last);
    };
    return within(c) || (fold_ && c >= 'a' && c <= 'z' && within(static_cast<char>(c - 'a' + 'A')));
  }

  bool star(std::size_t p, std::size_t t) {
    std::size_t after = p;
    while (after < pattern_.size() && pattern_[after] == '*') ++after;
    bool crosses = after - p > 1 && (p == 0 || pattern_[p - 1] == '/') && ends_part(after);
    if (crosses && after < pattern_.size() && pattern_[after] == '/' && tried(after + 1, t)) return true;
    for (;; ++t) {
      if (tried(after, t)) return true;
      if (t >= text_.size() || (text_[t] == '/' && !crosses)) return false;
    }
  }
  bool ends_part(std::size_t p) const {
    return p == pattern_.size() || pattern_[p] == '/' || pattern_.substr(p, 2) == "\\/";
  }

  // matches(p, t), once: a pair that failed fails again.
  bool tried(std::size_t p, std::size_t t) {
    if (failed_.empty()) failed_.resize((pattern_.size() + 1) * (text_.size() + 1));
    auto pair = p * (text_.size() + 1) + t;
    if (failed_[pair]) return false;
    if (matches(p, t)) return true;
    failed_[pair] = true;
    return false;
  }

  Text pattern_, text_;
  bool fold_;
  std::vector<bool> failed_;
};

}  // namespace

bool glob_matches(Text pattern, Text text, bool fold_case) { return Glob(pattern, text, fold_case).matches(0, 0); }

}  // namespace kra
