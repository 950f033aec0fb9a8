// Repositories that a restore misses: offered as clones, one question each, where somebody sits who can answer.
#pragma once

#include <vector>

#include "cli/context.hpp"
#include "os/terminal.hpp"

namespace kra::cli {

// True: go on with the restore, whatever became of each. False: the person stopped at one (Ctrl-C), and that clone left nothing.
bool offer_clones(Context& context, const std::vector<Repository>& missing, const Terminal& terminal, Console& console);

}  // namespace kra::cli
