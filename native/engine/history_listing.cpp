#include "engine/history_listing.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "os/disk.hpp"

namespace kra {

std::optional<std::uint64_t> counter_of(std::string_view file) {
  auto digits = file.substr(0, file.find('.'));
  auto number = digits.size() < 8 || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string_view::npos ? std::nullopt : parse_int(digits);
  if (!number || *number < 1) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

NameListing listing_from(const std::vector<std::string>& files) {
  NameListing listing;
  for (const auto& file : files) {
    if (file.starts_with(temporary_prefix)) listing.stale.push_back(file);
    auto counter = counter_of(file);
    if (!counter) continue;
    listing.highest = std::max(listing.highest, *counter);
    auto ending = file.substr(file.find('.') == std::string::npos ? file.size() : file.find('.'));
    if (ending == ".kra") listing.generations.push_back(*counter);
    else if (ending == ".keep") listing.kept.insert(*counter);
    else if (ending == ".from") listing.restored_from.insert(*counter);
  }
  std::sort(listing.generations.rbegin(), listing.generations.rend());
  return listing;
}

}  // namespace kra
