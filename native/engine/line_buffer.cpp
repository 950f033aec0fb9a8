#include "engine/line_buffer.hpp"

#include <algorithm>
#include <utility>

namespace kra {

template <class Visit>
static void each_line(std::string_view text, Visit visit) {
  for (std::size_t from = 0;;) {
    auto end = text.find('\n', from);
    visit(text.substr(from, end - from));
    if (end == text.npos) return;
    from = end + 1;
  }
}

LineBuffer::LineBuffer(std::string_view text) {
  before_.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  each_line(text, [&](std::string_view line) { before_.emplace_back(line), bytes_ += line.size(); });
}

void LineBuffer::move_to(std::size_t at) {
  for (; before_.size() > at; before_.pop_back()) after_.push_back(std::move(before_.back()));
  for (; before_.size() < at; after_.pop_back()) before_.push_back(std::move(after_.back()));
}

bool LineBuffer::replace(std::uint64_t first, std::uint64_t last, std::uint64_t count, std::string_view text) {
  if (first > last || last > size()) return false;
  auto lines = count == 0 ? 0 : static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  if (lines != count || (count == 0 && !text.empty())) return false;
  move_to(first);
  for (; first < last; ++first, after_.pop_back()) bytes_ -= after_.back().size();
  if (count > 0) each_line(text, [&](std::string_view line) { before_.emplace_back(line), bytes_ += line.size(); });
  if (size() == 0) before_.emplace_back();
  return true;
}

std::string LineBuffer::text() const {
  std::string out;
  out.reserve(bytes() + 1);
  for (const auto& line : before_) out.append(line).push_back('\n');
  for (auto line = after_.rbegin(); line != after_.rend(); ++line) out.append(*line).push_back('\n');
  out.pop_back();
  return out;
}

}  // namespace kra
