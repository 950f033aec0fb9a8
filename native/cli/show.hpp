// A workspace as a tree for people.
#pragma once

#include "cli/console.hpp"
#include "model/workspace.hpp"

namespace kra::cli {

void show_tree(Console& console, const Workspace& workspace, const std::string& home);
// A path with "~" for the home directory, fit for a terminal.
std::string home_short(const std::string& path, const std::string& home);

}  // namespace kra::cli
