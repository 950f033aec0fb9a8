#include "engine/merge3.hpp"

#include <algorithm>

#include "engine/hunks.hpp"

namespace kra {

namespace {

using Numbers = std::vector<std::uint32_t>;

struct Sides {
  const Numbers &base, &ours, &theirs;
  std::vector<LineChange> our_changes, their_changes;
};

Range moved(Range range, std::ptrdiff_t by) {
  return {static_cast<std::size_t>(static_cast<std::ptrdiff_t>(range.first) + by),
          static_cast<std::size_t>(static_cast<std::ptrdiff_t>(range.last) + by)};
}

// How far the lines after a change have moved.
std::ptrdiff_t shift_after(const LineChange& change) {
  return static_cast<std::ptrdiff_t>(change.after.last) - static_cast<std::ptrdiff_t>(change.before.last);
}
std::ptrdiff_t shift_before(const LineChange& change) {
  return static_cast<std::ptrdiff_t>(change.after.first) - static_cast<std::ptrdiff_t>(change.before.first);
}

bool equal_lines(const Numbers& a, Range in_a, const Numbers& b, Range in_b) {
  return in_a.size() == in_b.size() && std::equal(a.begin() + static_cast<std::ptrdiff_t>(in_a.first),
                                                  a.begin() + static_cast<std::ptrdiff_t>(in_a.last),
                                                  b.begin() + static_cast<std::ptrdiff_t>(in_b.first));
}

// Walks both lists of changes in step.
class Merger {
 public:
  explicit Merger(const Sides& sides) : sides_(sides) {}

  std::vector<MergePart> run() {
    while (ours_ < sides_.our_changes.size() || theirs_ < sides_.their_changes.size()) step();
    for (auto& part : parts_) settle(part);
    return std::move(parts_);
  }

 private:
  const LineChange* our_next() const { return ours_ < sides_.our_changes.size() ? &sides_.our_changes[ours_] : nullptr; }
  const LineChange* their_next() const { return theirs_ < sides_.their_changes.size() ? &sides_.their_changes[theirs_] : nullptr; }
  std::ptrdiff_t our_shift() const { return ours_ == 0 ? 0 : shift_after(sides_.our_changes[ours_ - 1]); }
  std::ptrdiff_t their_shift() const { return theirs_ == 0 ? 0 : shift_after(sides_.their_changes[theirs_ - 1]); }

  void step() {
    const auto *a = our_next(), *b = their_next();
    if (b == nullptr || (a != nullptr && a->before.last < b->before.first)) {
      add({MergeKind::ours, a->before, a->after, moved(a->before, their_shift())});
      ++ours_;
    } else if (a == nullptr || b->before.last < a->before.first) {
      add({MergeKind::theirs, b->before, moved(b->before, our_shift()), b->after});
      ++theirs_;
    } else {
      meet(*a, *b);
    }
  }

  // Two changes that overlap or touch: the whole that they cover, seen from each side.
  void meet(const LineChange& a, const LineChange& b) {
    const Range base{std::min(a.before.first, b.before.first), std::max(a.before.last, b.before.last)};
    const bool same = a.before == b.before && equal_lines(sides_.ours, a.after, sides_.theirs, b.after);
    const auto cover = [&](const LineChange& change) {
      return Range{moved({base.first, base.first}, shift_before(change)).first, moved({base.last, base.last}, shift_after(change)).last};
    };
    add({same ? MergeKind::both : MergeKind::conflict, base, cover(a), cover(b)});
    const auto a_end = a.before.last, b_end = b.before.last;
    if (a_end >= b_end) ++theirs_;
    if (b_end >= a_end) ++ours_;
  }

  // A part that touches the one before belongs to it, and what comes of two kinds is a conflict. What both did alike stays by itself.
  void add(const MergePart& part) {
    auto* last = parts_.empty() || part.kind == MergeKind::both || parts_.back().kind == MergeKind::both ? nullptr : &parts_.back();
    if (last == nullptr || (part.ours.first > last->ours.last && part.theirs.first > last->theirs.last)) return parts_.push_back(part);
    if (last->kind != part.kind) last->kind = MergeKind::conflict;
    last->base.last = part.base.last;
    last->ours.last = part.ours.last;
    last->theirs.last = part.theirs.last;
  }

  // A conflict is as small as it can be, and none when both sides came to the same.
  void settle(MergePart& part) const {
    if (part.kind != MergeKind::conflict) return;
    auto &a = part.ours, &b = part.theirs;
    while (!a.empty() && !b.empty() && sides_.ours[a.first] == sides_.theirs[b.first]) ++a.first, ++b.first;
    while (!a.empty() && !b.empty() && sides_.ours[a.last - 1] == sides_.theirs[b.last - 1]) --a.last, --b.last;
    if (a.empty() && b.empty()) part.kind = MergeKind::both;
  }

  const Sides& sides_;
  std::size_t ours_ = 0, theirs_ = 0;
  std::vector<MergePart> parts_;
};

void append(std::string& out, const std::vector<std::string_view>& lines, Range range) {
  for (auto at = range.first; at < range.last; ++at) out.append(lines[at]);
}

}  // namespace

std::vector<MergePart> merge_parts(const std::vector<std::string_view>& base, const std::vector<std::string_view>& ours,
                                   const std::vector<std::string_view>& theirs) {
  LineNumbers numbers(base.size() + (ours.size() + theirs.size()) / 8 + 16);
  const auto base_numbers = numbers.of(base), our_numbers = numbers.of(ours), their_numbers = numbers.of(theirs);
  return Merger({base_numbers, our_numbers, their_numbers, line_changes(base_numbers, our_numbers, numbers.size()),
                 line_changes(base_numbers, their_numbers, numbers.size())})
      .run();
}

Merged merge_texts(std::string_view base, std::string_view ours, std::string_view theirs) {
  const auto our_lines = lines_with_ends(ours), their_lines = lines_with_ends(theirs);
  Merged merged;
  merged.text.reserve(std::max(ours.size(), theirs.size()));
  std::size_t copied = 0;
  for (const auto& part : merge_parts(lines_with_ends(base), our_lines, their_lines)) {
    if (part.kind == MergeKind::conflict) ++merged.conflicts;
    if (part.kind != MergeKind::theirs) continue;
    append(merged.text, our_lines, {copied, part.ours.first});
    append(merged.text, their_lines, part.theirs);
    copied = part.ours.last;
  }
  append(merged.text, our_lines, {copied, our_lines.size()});
  return merged;
}

std::vector<MergePart> merge_buffers(std::string_view base, std::string_view ours, std::string_view theirs) {
  return merge_parts(lines_of_buffer(base), lines_of_buffer(ours), lines_of_buffer(theirs));
}

}  // namespace kra
