// The parts of line_changes(): which lines to search at all, the search itself, and where a run of changed lines comes to stand.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/lines.hpp"

namespace kra {

// One of the two texts while they are compared.
struct DiffSide {
  const std::vector<std::uint32_t>& lines;
  std::vector<char> changed;  // one for each line

  explicit DiffSide(const std::vector<std::uint32_t>& numbers) : lines(numbers), changed(numbers.size(), 0) {}
};

// What the search looks at: some lines of a side, and where they stand in it.
struct Searched {
  std::vector<std::uint32_t> lines;
  std::vector<std::size_t> places;
};

// Common ends are left out. Lines that the other side has not are marked as changed and left out, and so are lines that it has very
// often when nearly all around them is left out: they would only be found by chance.
struct SearchedPair {
  Searched before, after;
};
SearchedPair worth_searching(DiffSide& before, DiffSide& after, std::size_t different);

// Marks as changed what the search leaves unmatched.
void search(const SearchedPair& pair, DiffSide& before, DiffSide& after);

// Moves the runs of changed lines of `side` where they can stand in several places: to the last one, or to the last that touches a
// run of `other`. What is changed stays the same text.
void slide_runs(DiffSide& side, const DiffSide& other);

}  // namespace kra
