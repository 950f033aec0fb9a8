// One client of tmux, started once and waited for. Only peers/tmux*.cpp use this.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/command.hpp"
#include "peers/tmux.hpp"

namespace kra {

// Runs the client with `words` after its fixed flags and hands it `input`. unavailable: no server listens there, or it went away
// while the client was connected; refused: the server is of a release that this client cannot talk with. What tmux says of a failed
// command is in Outcome::errors and is no Error.
Result<Outcome> tmux_client(const TmuxServer& server, const std::vector<std::string>& words, std::string input, const Patience& patience);

}  // namespace kra
