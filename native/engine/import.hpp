// Workspaces that come from elsewhere: an exported save, a file of tmux-resurrect. All of it is data from somebody else; nothing that came so is
// started unasked (its stamp says "import"), and what could carry code is left out.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/stored.hpp"

namespace kra {

// A generation made fit to be stored as an import: programs are shown before they start, start commands and `resume` are none, window options
// are those that a save would keep.
Generation as_import(Generation generation);

// The text of a save file of tmux-resurrect (lines of fields between tabs: pane, window, state). It holds command lines without their quotes, so
// arguments are what stands between blanks. usage: it is no such file.
Result<Workspace> read_resurrect(std::string_view text);

}  // namespace kra
