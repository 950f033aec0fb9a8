// The daemon, as a command asks it.
#pragma once

#include "cli/context.hpp"
#include "peers/daemon_client.hpp"

namespace kra::cli {

// Asks the daemon. Nothing when none could be had, which is for the caller to make up for; an Error is what the daemon answered.
Result<std::optional<Value>> ask_daemon(const Context& context, Start start, std::string_view method, Value param, Milliseconds time);

// Nobody listens on the tmux server's socket.
bool no_server(const Context& context);

}  // namespace kra::cli
