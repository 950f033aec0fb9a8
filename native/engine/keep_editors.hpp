// An editor that could not be asked (no daemon, or it was busy) is not one that is gone.
#pragma once

#include "engine/save.hpp"

namespace kra {

// Panes that still run the editor of the save before, in the same place and started before that save, keep what it told then.
// Gives how many.
int keep_editors(Captured& now, const Generation& before);

}  // namespace kra
