// Replacing a file that nobody misses after a power cut.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kra {

// As Disk::replace(), without waiting for the disk: after a power cut it may be the old file that is there, or one that cannot be read.
Result<void> replace_lightly(const std::string& path, std::string_view bytes);

}  // namespace kra
