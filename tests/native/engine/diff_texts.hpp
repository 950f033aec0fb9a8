// Random texts that people and programs made of a common one; few different lines, so that much is ambiguous.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace kra::test {

class DiffTexts {
 public:
  enum class Bytes { any, no_nul };
  explicit DiffTexts(std::uint64_t seed, Bytes bytes = Bytes::any) : random_(seed), bytes_(bytes) {}

  struct Three {
    std::string base, ours, theirs;
  };
  Three next() {
    different_ = 2 + pick(60);
    std::vector<std::string> lines(pick(60));
    for (auto& line : lines) line = next_line();
    return {text_of(lines), text_of(edited(lines)), text_of(edited(lines))};
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  std::string next_line() {
    auto line = "line " + std::to_string(pick(different_));
    if (pick(20) == 0) line += '\r';
    if (pick(40) == 0) line += bytes_ == Bytes::any ? std::string("\0\xff", 2) : "\xff";
    return pick(30) == 0 ? "\n" : line + "\n";
  }
  std::vector<std::string> edited(std::vector<std::string> lines) {
    for (auto edits = pick(6); edits > 0; --edits) {
      const auto at = pick(lines.size() + 1), gone = std::min(pick(4), lines.size() - at);
      const auto place = lines.begin() + static_cast<std::ptrdiff_t>(at);
      lines.erase(place, place + static_cast<std::ptrdiff_t>(gone));
      for (auto more = pick(4); more > 0; --more) lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), next_line());
    }
    return lines;
  }
  // Now and then without an end of the last line.
  std::string text_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line;
    if (!text.empty() && pick(10) == 0) text.pop_back();
    return text;
  }

  std::mt19937_64 random_;
  Bytes bytes_;
  std::size_t different_ = 2;
};

}  // namespace kra::test
