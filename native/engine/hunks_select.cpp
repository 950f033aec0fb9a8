// Which lines are worth searching, and the way from two texts to their changes.
#include <algorithm>

#include "engine/hunks.hpp"
#include "engine/hunks_search.hpp"

namespace kra {

namespace {

enum class Worth : char { no, yes, often };  // often: only where its neighbours are searched too

constexpr std::size_t often_at_most = 1024;
constexpr std::size_t window = 100;
constexpr std::size_t dropped_share = 4;  // one line that is often for each of so many that are dropped

// About the square root, as a power of two.
std::size_t rough_root(std::size_t number) {
  std::size_t root = 1;
  for (; number > 0; number >>= 2) root <<= 1;
  return root;
}

std::vector<std::uint32_t> counts_of(const std::vector<std::uint32_t>& lines, std::size_t different) {
  std::vector<std::uint32_t> counts(different, 0);
  for (auto line : lines) ++counts[line];
  return counts;
}

std::vector<Worth> worths(const DiffSide& side, Range part, const std::vector<std::uint32_t>& counts_of_other) {
  const auto often = std::min(rough_root(side.lines.size()), often_at_most);
  std::vector<Worth> worth;
  worth.reserve(part.size());
  for (auto at = part.first; at < part.last; ++at) {
    const auto count = counts_of_other[side.lines[at]];
    worth.push_back(count == 0 ? Worth::no : count >= often ? Worth::often : Worth::yes);
  }
  return worth;
}

struct Around {
  std::size_t dropped = 0, often = 0;
};

template <class Next>
Around run_of(const std::vector<Worth>& worth, std::size_t steps, Next next) {
  Around run;
  for (std::size_t step = 1; step <= steps; ++step) {
    const auto here = worth[next(step)];
    if (here == Worth::yes) break;
    ++(here == Worth::no ? run.dropped : run.often);
  }
  return run;
}

// A line that is often lies between dropped ones on both sides, and most of the run is dropped.
bool lost_in_the_crowd(const std::vector<Worth>& worth, std::size_t at) {
  const auto up = run_of(worth, std::min(at, window), [&](std::size_t step) { return at - step; });
  if (up.dropped == 0) return false;
  const auto down = run_of(worth, std::min(worth.size() - 1 - at, window), [&](std::size_t step) { return at + step; });
  if (down.dropped == 0) return false;
  const auto often = up.often + down.often + 2;
  return often * dropped_share < often + up.dropped + down.dropped;
}

Searched select(DiffSide& side, Range part, const std::vector<std::uint32_t>& counts_of_other) {
  const auto worth = worths(side, part, counts_of_other);
  Searched searched;
  for (std::size_t i = 0; i < worth.size(); ++i) {
    const auto place = part.first + i;
    if (worth[i] == Worth::yes || (worth[i] == Worth::often && !lost_in_the_crowd(worth, i))) {
      searched.lines.push_back(side.lines[place]);
      searched.places.push_back(place);
    } else {
      side.changed[place] = 1;
    }
  }
  return searched;
}

std::vector<LineChange> changes_of(const DiffSide& before, const DiffSide& after) {
  std::vector<LineChange> changes;
  std::size_t a = 0, b = 0;
  while (a < before.lines.size() || b < after.lines.size()) {
    const LineChange start{{a, a}, {b, b}};
    auto change = start;
    while (change.before.last < before.lines.size() && before.changed[change.before.last]) ++change.before.last;
    while (change.after.last < after.lines.size() && after.changed[change.after.last]) ++change.after.last;
    if (change != start) changes.push_back(change);
    a = change.before.last + 1;
    b = change.after.last + 1;
  }
  return changes;
}

}  // namespace

SearchedPair worth_searching(DiffSide& before, DiffSide& after, std::size_t different) {
  const auto &a = before.lines, &b = after.lines;
  const auto shorter = std::min(a.size(), b.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && a[head] == b[head]) ++head;
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const Range left{head, a.size() - tail}, right{head, b.size() - tail};
  // Only what is there on both sides of the ends needs counts of the whole.
  if (left.empty() && right.empty()) return {};
  return {select(before, left, counts_of(b, different)), select(after, right, counts_of(a, different))};
}

std::vector<LineChange> line_changes(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after, std::size_t different) {
  DiffSide left(before), right(after);
  search(worth_searching(left, right, different), left, right);
  slide_runs(left, right);
  slide_runs(right, left);
  return changes_of(left, right);
}

}  // namespace kra
