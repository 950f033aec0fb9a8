#include "engine/hunks.hpp"

namespace kra {

static std::vector<LineChange> changes_of(const std::vector<std::string_view>& before, const std::vector<std::string_view>& after) {
  LineNumbers numbers(before.size() + after.size() / 8 + 16);
  const auto old_numbers = numbers.of(before), new_numbers = numbers.of(after);
  return line_changes(old_numbers, new_numbers, numbers.size());
}

std::vector<LineChange> buffer_changes(std::string_view before, std::string_view after) {
  return changes_of(lines_of_buffer(before), lines_of_buffer(after));
}

std::vector<Hunk> hunks_between(std::string_view before, std::string_view after) {
  const auto old_lines = lines_of_buffer(before), new_lines = lines_of_buffer(after);
  std::vector<Hunk> hunks;
  for (const auto& change : changes_of(old_lines, new_lines)) {
    const auto begin = new_lines.begin();
    hunks.push_back({change.before.first, change.before.last,
                     {begin + static_cast<std::ptrdiff_t>(change.after.first), begin + static_cast<std::ptrdiff_t>(change.after.last)}});
  }
  return hunks;
}

}  // namespace kra
