// Tells the bytes of one index from those of any other: their length, a checksum, and the one that git puts at their end. Of a file without having all of
// it in memory at once, which for a large one costs more than to read it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kra {

std::string index_sum(std::string_view bytes);
// That of no bytes where there is no file.
Result<std::string> index_sum_of_file(const std::string& path);

}  // namespace kra
