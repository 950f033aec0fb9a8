// Checks that live in files of their own: those that ask a running tmux server, those of unsaved text and of syncs.
#pragma once

#include "cli/context.hpp"

namespace kra::cli {

using Finding = std::optional<std::string>;  // what is wrong, or nothing

Finding check_server(Context& context);
Finding check_hooks(Context& context);
Finding check_drafts_home(Context& context);
Finding check_drafts_whole(Context& context);
Finding check_drafts_waiting(Context& context);
Finding check_sync_trust(Context& context);
Finding check_sync_state(Context& context);
Finding check_sync_mirror(Context& context);

}  // namespace kra::cli
