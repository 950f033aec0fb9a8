// What the names of files in a save's directory say.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kra {

struct NameListing {
  std::vector<std::uint64_t> generations;  // newest first
  std::set<std::uint64_t> kept, restored_from;
  std::vector<std::string> stale;  // temporary files
  std::uint64_t highest = 0;       // counter that any file bears
};
NameListing listing_from(const std::vector<std::string>& files);

// The number that begins a file's name, up to the first dot; nothing when there is none.
std::optional<std::uint64_t> counter_of(std::string_view file);

}  // namespace kra
