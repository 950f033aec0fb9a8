#pragma once

#include <string_view>

namespace kra {

// Both are absolute. A directory lies below itself.
inline bool is_below(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) && (path.size() == directory.size() || directory == "/" || path[directory.size()] == '/');
}

}  // namespace kra
