// Names that come in and that some file system takes for one that is here: they differ in case, or in how letters are composed.
#pragma once

#include <vector>

#include "engine/sync_guard.hpp"

namespace kra {

// Of the files that the changes bring: those with a name, of their own or of a directory above, that is new here and is one with another name of its
// directory on such a file system. Of two new ones the second in order of bytes. What goes with the same changes is in nobody's way.
HeldPaths colliding_names(const std::vector<PathChange>& changes, const std::map<std::string, ScannedFile, std::less<>>& files);

}  // namespace kra
