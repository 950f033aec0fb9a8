// Changes one setting in the text of config.yaml and leaves every other byte as it is, comments included.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/config.hpp"

namespace kra::cli {

// The text with `row` set to `value` (as option_text() writes it). refused when it cannot be done without touching other lines: the
// result is always read back, and all other settings are as they were.
Result<std::string> with_setting(const std::string& file_name, const std::string& yaml, const OptionRow& row, const std::string& value);

// A file that says every setting with its default, all as comments.
std::string sample_config();

}  // namespace kra::cli
