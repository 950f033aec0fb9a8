// Starting the daemon so that of any number of starters exactly one wins. The starter takes the daemon's lock and hands it to the daemon by
// inheritance, together with a pipe on which the daemon writes one byte when its socket accepts.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/lock.hpp"
#include "os/paths.hpp"

namespace kra {

// Descriptors that a daemon started by us finds.
constexpr int handed_lock_fd = 3;
constexpr int handed_ready_fd = 4;
// The words that tell it so: `kra daemon run --handed`.
constexpr const char* handed_flag = "--handed";

// The daemon accepts connections when this returns. unavailable: it ended without saying so, or not in time.
Result<void> start_daemon(Lock lock, const Patience& patience);

// The program file that we run has another one in its place: an upgrade.
bool program_is_replaced();

// Our environment without what belongs to one pane, one editor or one program only: TMUX, NVIM, VIM, LD_* and what one tmux
// server's options say (KRA_SERVER_*).
std::vector<std::string> daemon_environment();

}  // namespace kra
