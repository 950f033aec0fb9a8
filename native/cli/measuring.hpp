// What a command measured itself.
#pragma once

#include "cli/context.hpp"

namespace kra::cli {

// {operation, ok, ms} to the daemon's figures, or into their file while none runs. Nothing fails by that.
void measured(Context& context, const Settings& settings, Value row);

}  // namespace kra::cli
