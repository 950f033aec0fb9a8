// Words of the command line -> Call, by the row of the command.
#pragma once

#include "base/result.hpp"
#include "cli/command.hpp"

namespace kra::cli {

// `words` are those after the command's name. usage: one line that says what is wrong and what would be right.
// With -h among the words nothing else is checked: the Call has "help".
Result<Call> parse(const CommandRow& row, const std::vector<std::string>& words);

}  // namespace kra::cli
