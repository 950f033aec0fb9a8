// Checks that ask a running tmux server.
#pragma once

#include "cli/context.hpp"

namespace kra::cli {

using Finding = std::optional<std::string>;  // what is wrong, or nothing

Finding check_server(Context& context);
Finding check_hooks(Context& context);

}  // namespace kra::cli
