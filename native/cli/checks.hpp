// Checks that live in files of their own: those of the disk, those that ask a running tmux server, those of unsaved text and of syncs.
#pragma once

#include "cli/context.hpp"

namespace kra::cli {

using Finding = std::optional<std::string>;  // what is wrong, or nothing

// Why no file could be made in that directory, or in the nearest one above it that is there. Leaves nothing behind.
std::optional<std::string> cannot_write(const std::string& directory);
// What the daemon says of itself; nothing when none runs, or it does not answer.
std::optional<Value> daemon_status(Context& context);

Finding check_state(Context& context);
Finding check_state_mode(Context& context);
Finding check_space(Context& context);

Finding check_server(Context& context);
Finding check_hooks(Context& context);
Finding check_drafts_write(Context& context);
Finding check_drafts_second(Context& context);
Finding check_drafts_reserve(Context& context);
Finding check_drafts_home(Context& context);
Finding check_drafts_whole(Context& context);
Finding check_drafts_waiting(Context& context);
Finding check_drafts_abandoned(Context& context);
Finding check_library(Context& context);
Finding check_sync_trust(Context& context);
Finding check_sync_state(Context& context);
Finding check_sync_mirror(Context& context);

}  // namespace kra::cli
