// A text as lines, edited where one just edited: the lines lie in two stacks that meet at the last edit, so that an edit costs its own lines and
// the way from the last one, however long the text is (a gap buffer, Finseth, "The Craft of Text Editing", chapter 6).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kra {

class LineBuffer {
 public:
  // Lines are separated by line feeds; "" is one empty line.
  explicit LineBuffer(std::string_view text = {});

  // Lines `first` to `last` (from 0, last excluded) become the `count` lines of `text`. false, and nothing changed, when there are no such lines or
  // the text has another number of them. A text without any line has one empty line.
  bool replace(std::uint64_t first, std::uint64_t last, std::uint64_t count, std::string_view text);

  std::size_t size() const { return before_.size() + after_.size(); }
  const std::string& line(std::size_t at) const { return at < before_.size() ? before_[at] : after_[size() - 1 - at]; }
  // Bytes of text().
  std::size_t bytes() const { return bytes_ + size() - 1; }
  std::string text() const;

 private:
  void move_to(std::size_t at);
  std::vector<std::string> before_, after_;  // after_ in reverse order
  std::size_t bytes_ = 0;                    // of all lines
};

}  // namespace kra
