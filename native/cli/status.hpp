// Is the work safe, since when, and what is pending.
#pragma once

#include "cli/context.hpp"

namespace kra::cli {

// What `kra status --json` prints: the daemon's answer, or the same shape from what lies on disk when none runs. Starts nothing.
Result<Value> status_of(Context& context);
// The answer to "is my work safe, and since when?".
std::string safety_line(const Console& console, const Value& status);
// What is pending, one a line; empty when nothing is.
std::vector<std::string> pending_lines(const Value& status);

}  // namespace kra::cli
