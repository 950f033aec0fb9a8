// The window options that belong to a workspace: where one is set for a window, it is saved with it.
#pragma once

#include <string_view>
#include <vector>

#include "model/workspace.hpp"

namespace kra {

// Besides automatic-rename, which a Window has a member for.
const std::vector<std::string_view>& saved_window_options();

// One of these with a value that cannot make tmux run anything. Asked before an option is stored, and before it is set again.
bool is_harmless(const Option& option);

}  // namespace kra
