#include "cli/integration.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace kra::cli {
namespace {

constexpr std::string_view begin_mark = " >>> kra >>>", end_mark = " <<< kra <<<";
constexpr std::string_view no_end = " (the line before had no end)", no_file = " (there was no file)";

// The block with its marks, from the first byte to the one after its last newline.
struct Place {
  std::size_t begin = 0, end = 0;
  std::string_view remark;
};

Result<std::optional<Place>> place_of(const std::string& text, const Block& block) {
  const auto opening = cat(block.comment, begin_mark), closing = cat(block.comment, end_mark);
  for (auto at = text.find(opening); at != text.npos; at = text.find(opening, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    const auto close = text.find(cat("\n", closing), at);
    if (close == text.npos) return Error{Fault::refused, cat("the block that begins with '", opening, "' has no end; repair it by hand")};
    Place place{at, std::min(text.find('\n', close + 1), text.size() - 1) + 1, {}};
    const auto line = std::string_view(text).substr(at, text.find('\n', at) - at);
    if (line.ends_with(no_end)) place.remark = no_end;
    if (line.ends_with(no_file)) place.remark = no_file;
    return std::optional(place);
  }
  return std::optional<Place>();
}

std::string written(const Block& block, std::string_view remark) {
  return cat(block.comment, begin_mark, remark, "\n", join(block.lines, "\n"), "\n", block.comment, end_mark, "\n");
}

}  // namespace

Result<std::string> with_block(const std::string& text, const Block& block, bool existed) {
  const auto place = TRY(place_of(text, block));
  if (place) return text.substr(0, place->begin) + written(block, place->remark) + text.substr(place->end);
  const bool open = !text.empty() && text.back() != '\n';
  return cat(text, open ? "\n" : "", written(block, !existed ? no_file : open ? no_end : ""));
}

Result<std::string> without_block(const std::string& text, const Block& block) {
  const auto place = TRY(place_of(text, block));
  if (!place) return text;
  auto before = text.substr(0, place->begin);
  const auto after = text.substr(place->end);
  // What somebody wrote behind the block since needs the end of the line before it.
  if (place->remark == no_end && after.empty() && before.ends_with('\n')) before.pop_back();
  return before + after;
}

bool was_made_by_us(const std::string& text) {
  const auto line = text.substr(0, text.find('\n'));
  return line.find(begin_mark) != line.npos && line.ends_with(no_file);
}

bool holds_own_line(const std::string& text, const Block& block, std::string_view sign) {
  const auto rest = without_block(text, block).value_or(text);
  const auto lines = split(rest, "\n");
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return !line.starts_with(block.comment) && line.find(sign) != line.npos;
  });
}

std::vector<std::string> difference_of(const std::string& before, const std::string& after) {
  const auto old_lines = split(before, "\n"), new_lines = split(after, "\n");
  std::size_t front = 0, back = 0;
  const auto shorter = std::min(old_lines.size(), new_lines.size());
  while (front < shorter && old_lines[front] == new_lines[front]) ++front;
  while (back < shorter - front && old_lines[old_lines.size() - 1 - back] == new_lines[new_lines.size() - 1 - back]) ++back;
  std::vector<std::string> lines;
  for (auto at = front; at < old_lines.size() - back; ++at) lines.push_back(cat("-", old_lines[at]));
  for (auto at = front; at < new_lines.size() - back; ++at) lines.push_back(cat("+", new_lines[at]));
  return lines;
}

}  // namespace kra::cli
