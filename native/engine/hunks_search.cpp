// Myers' search from both ends of a box; the middle of the best path splits the box, until one side of it is empty.
//
//   diagonal d = x - y; forward_[d] is how far x comes on d with the cost so far, backward_[d] how far it comes from the end.
#include "engine/hunks_search.hpp"

#include <algorithm>
#include <limits>

namespace kra {

namespace {

using Index = std::ptrdiff_t;

constexpr Index least_cap = 256;

struct Box {
  Index left, right;  // of the lines before: x
  Index top, bottom;  // of the lines after: y
};

struct Split {
  Index x, y;
  bool first_exact, second_exact;  // no cap is needed in this half: its cost is known to be small
};

// The diagonals that are looked at, all of one parity; they spread by one to each side with each step of the cost until the edge.
struct Band {
  Index low, high;
};

class Search {
 public:
  Search(const SearchedPair& pair, DiffSide& before, DiffSide& after)
      : pair_(pair), before_(before), after_(after), a_(pair.before.lines), b_(pair.after.lines) {
    const auto diagonals = a_.size() + b_.size() + 3;
    forward_.resize(diagonals);
    backward_.resize(diagonals);
    shift_ = static_cast<Index>(b_.size()) + 1;
    Index root = 1;
    for (auto rest = diagonals; rest > 0; rest >>= 2) root <<= 1;
    cap_ = std::max(root, least_cap);
  }

  void run() { compare({0, static_cast<Index>(a_.size()), 0, static_cast<Index>(b_.size())}, false); }

 private:
  void compare(Box box, bool exact) {
    while (box.left < box.right && box.top < box.bottom && same(box.left, box.top)) ++box.left, ++box.top;
    while (box.left < box.right && box.top < box.bottom && same(box.right - 1, box.bottom - 1)) --box.right, --box.bottom;
    if (box.left == box.right || box.top == box.bottom) {
      for (; box.left < box.right; ++box.left) before_.changed[pair_.before.places[at(box.left)]] = 1;
      for (; box.top < box.bottom; ++box.top) after_.changed[pair_.after.places[at(box.top)]] = 1;
      return;
    }
    const auto split = middle(box, exact);
    compare({box.left, split.x, box.top, split.y}, split.first_exact);
    compare({split.x, box.right, split.y, box.bottom}, split.second_exact);
  }

  Split middle(const Box& box, bool exact) {
    const Index lowest = box.left - box.bottom, highest = box.right - box.top;
    const Index start = box.left - box.top, end = box.right - box.bottom;
    const bool odd = ((start - end) & 1) != 0;
    Band front{start, start}, back{end, end};
    forward(start) = box.left;
    backward(end) = box.right;
    for (Index cost = 1;; ++cost) {
      spread(front, lowest, highest, forward_, std::numeric_limits<Index>::min() / 2);
      for (Index d = front.high; d >= front.low; d -= 2) {
        advance(box, d);
        if (odd && back.low <= d && d <= back.high && backward(d) <= forward(d)) return {forward(d), forward(d) - d, true, true};
      }
      spread(back, lowest, highest, backward_, std::numeric_limits<Index>::max() / 2);
      for (Index d = back.high; d >= back.low; d -= 2) {
        retreat(box, d);
        if (!odd && front.low <= d && d <= front.high && backward(d) <= forward(d)) return {backward(d), backward(d) - d, true, true};
      }
      if (!exact && cost >= cap_) return best_so_far(box, front, back);
    }
  }

  // One diagonal more on each side; where the box ends, one less. What lies beyond counts as never reached.
  void spread(Band& band, Index lowest, Index highest, std::vector<Index>& reached, Index never) {
    if (band.low > lowest) reached[at(shift_ + --band.low - 1)] = never;
    else ++band.low;
    if (band.high < highest) reached[at(shift_ + ++band.high + 1)] = never;
    else --band.high;
  }

  void advance(const Box& box, Index d) {
    Index x = forward(d - 1) >= forward(d + 1) ? forward(d - 1) + 1 : forward(d + 1);
    while (x < box.right && x - d < box.bottom && same(x, x - d)) ++x;
    forward(d) = x;
  }

  void retreat(const Box& box, Index d) {
    Index x = backward(d - 1) < backward(d + 1) ? backward(d - 1) : backward(d + 1) - 1;
    while (x > box.left && x - d > box.top && same(x - 1, x - d - 1)) --x;
    backward(d) = x;
  }

  // The point that has come furthest from its own corner.
  Split best_so_far(const Box& box, Band front, Band back) {
    Index furthest = -1, furthest_x = box.left;
    for (Index d = front.high; d >= front.low; d -= 2) {
      Index x = std::min(forward(d), box.right);
      if (x - d > box.bottom) x = box.bottom + d;
      if (furthest < x + x - d) furthest = x + x - d, furthest_x = x;
    }
    Index nearest = std::numeric_limits<Index>::max(), nearest_x = box.right;
    for (Index d = back.high; d >= back.low; d -= 2) {
      Index x = std::max(backward(d), box.left);
      if (x - d < box.top) x = box.top + d;
      if (x + x - d < nearest) nearest = x + x - d, nearest_x = x;
    }
    if (box.right + box.bottom - nearest < furthest - (box.left + box.top)) return {furthest_x, furthest - furthest_x, true, false};
    return {nearest_x, nearest - nearest_x, false, true};
  }

  static std::size_t at(Index index) { return static_cast<std::size_t>(index); }
  bool same(Index x, Index y) const { return a_[at(x)] == b_[at(y)]; }
  Index& forward(Index d) { return forward_[at(shift_ + d)]; }
  Index& backward(Index d) { return backward_[at(shift_ + d)]; }

  const SearchedPair& pair_;
  DiffSide &before_, &after_;
  const std::vector<std::uint32_t>&a_, &b_;
  std::vector<Index> forward_, backward_;
  Index shift_ = 0, cap_ = least_cap;
};

}  // namespace

void search(const SearchedPair& pair, DiffSide& before, DiffSide& after) {
  if (!pair.before.lines.empty() || !pair.after.lines.empty()) Search(pair, before, after).run();
}

}  // namespace kra
