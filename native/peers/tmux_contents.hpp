// What stands in panes.
#pragma once

#include <string>
#include <vector>

#include "peers/tmux.hpp"

namespace kra {

// The last lines (5,000 at most) of each pane, with colours, wrapped lines joined, in the order of `ids`, in one client call; less than
// asked for when a pane has gone.
Result<std::vector<std::string>> read_contents(const TmuxServer& server, const std::vector<std::string>& ids, const Patience& patience);

}  // namespace kra
