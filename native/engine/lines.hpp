// A text as lines, and lines as numbers. Bytes are exact: only "\n" ends a line; "\r" and NUL are bytes like any other.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kra {

// A half-open range of lines, from 0.
struct Range {
  std::size_t first = 0, last = 0;
  std::size_t size() const { return last - first; }
  bool empty() const { return first == last; }
  bool operator==(const Range&) const = default;
};

// Every line with its end, so that their concatenation is the text: "a\nb" gives "a\n" and "b", "" gives none.
std::vector<std::string_view> lines_with_ends(std::string_view text);

// As an editor's buffer has them: without ends, and never none. "" gives one empty line, and so does "\n".
std::vector<std::string_view> lines_of_buffer(std::string_view text);

// Equal lines get equal numbers, in the order in which they are first seen. The texts must live as long as this.
class LineNumbers {
 public:
  explicit LineNumbers(std::size_t expected_lines);
  std::vector<std::uint32_t> of(const std::vector<std::string_view>& lines);
  // How many different lines were seen.
  std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    std::uint64_t hash;
    std::string_view line;
  };
  std::uint32_t number_of(std::string_view line);
  void grow();

  std::vector<Known> known_;
  std::vector<std::uint32_t> slots_;  // open addressing; a number and 1, 0 for a free slot
  std::size_t mask_;
};

}  // namespace kra
