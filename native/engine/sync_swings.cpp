#include "engine/sync_swings.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra {

void Swings::came(const std::string& path, const std::string& from, const std::string& to) {
  auto& swing = swings_[path];
  // The same once more goes on counting, another one begins anew.
  if (swing.from != from || swing.to != to) swing.back = 0;
  swing.from = from, swing.to = to, swing.number = next_++;
  shrink();
}

void Swings::went(const std::string& path, const std::string& from, const std::string& to) {
  const auto swing = swings_.find(path);
  if (swing == swings_.end()) return;
  if (swing->second.to == from && swing->second.from == to) ++swing->second.back;
  else swings_.erase(swing);
}

bool Swings::too_often(const std::string& path, const std::string& from, const std::string& to) const {
  const auto swing = swings_.find(path);
  return swing != swings_.end() && swing->second.to == from && swing->second.from == to && swing->second.back + 1 >= most;
}

void Swings::shrink() {
  if (swings_.size() <= kept) return;
  const auto oldest = std::min_element(swings_.begin(), swings_.end(), [](const auto& one, const auto& other) { return one.second.number < other.second.number; });
  swings_.erase(oldest);
}

std::string Swings::text() const {
  constexpr std::string_view nul("\0", 1);
  std::string out;
  for (const auto& [path, swing] : swings_) out += cat(path, nul, swing.from, " ", swing.to, " ", swing.back, " ", swing.number, nul);
  return out;
}

Swings Swings::from_text(std::string_view text) {
  Swings swings;
  const auto fields = split(text, std::string_view("\0", 1));
  for (std::size_t at = 0; at + 1 < fields.size(); at += 2) {
    const auto words = split(fields[at + 1], " ");
    const auto back = words.size() == 4 ? parse_int(words[2]) : std::nullopt, number = words.size() == 4 ? parse_int(words[3]) : std::nullopt;
    if (!back || !number) return {};
    swings.swings_[std::string(fields[at])] = {std::string(words[0]), std::string(words[1]), static_cast<int>(*back), static_cast<std::uint64_t>(*number)};
    swings.next_ = std::max(swings.next_, static_cast<std::uint64_t>(*number) + 1);
  }
  return swings;
}

}  // namespace kra
