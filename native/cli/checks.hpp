// Checks that live in files of their own: those that ask a running tmux server, and those of unsaved text.
#pragma once

#include "cli/context.hpp"

namespace kra::cli {

using Finding = std::optional<std::string>;  // what is wrong, or nothing

Finding check_server(Context& context);
Finding check_hooks(Context& context);
Finding check_drafts_home(Context& context);
Finding check_drafts_whole(Context& context);
Finding check_drafts_waiting(Context& context);

}  // namespace kra::cli
