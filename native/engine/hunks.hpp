// What differs between two texts, line by line: the smallest edits that lead from one to the other. Nothing here fails.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/lines.hpp"

namespace kra {

// The lines `before` were replaced by the lines `after`; one of them may be empty, not both.
struct LineChange {
  Range before, after;
  bool operator==(const LineChange&) const = default;
};

// The changes from `before` to `after` (numbers below `different`), in order; at least one line lies between two of them. The search is
// E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), in linear space from both ends, on what is left when common ends,
// lines that only one side has, and lines that are everywhere are set aside. Beyond a cost of 256 or the square root of the size it takes
// the best way so far: the result is right but may be longer than the shortest. Runs that could stand in several places are
// moved down, or to where the other side changed too, which is where people and git see them.
std::vector<LineChange> line_changes(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after, std::size_t different);

// An edit of a buffer: its lines [first, last) become `lines`, which are views of `after`.
struct Hunk {
  std::size_t first = 0, last = 0;
  std::vector<std::string_view> lines;
};

// From the buffer that holds `before` to the one that holds `after` (lines_of_buffer): ascending, so apply them from the last to the
// first. Whether the last line has an end is no line and not told here.
std::vector<Hunk> hunks_between(std::string_view before, std::string_view after);

// The same as ranges.
std::vector<LineChange> buffer_changes(std::string_view before, std::string_view after);

}  // namespace kra
