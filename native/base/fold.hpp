// Names as file systems compare them that tell neither case nor composed letters apart (vfat, NTFS, those of macOS, ext4 with casefold).
#pragma once

#include <string>
#include <string_view>

namespace kra {

// Two names are one file there when these are equal: decomposed canonically, then folded in case. Covers Latin, Greek, Cyrillic, Armenian, kana and
// Hangul; what is not UTF-8 stays as it is.
std::string folded(std::string_view name);

}  // namespace kra
