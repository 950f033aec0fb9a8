// Workspaces that come from elsewhere: an exported save, a file of tmux-resurrect or of kra-tmux. All of it is data from somebody else; nothing that came so is
// started unasked (its stamp says "import"), and what could carry code is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/stored.hpp"

namespace kra {

// A generation made fit to be stored as an import: programs are shown before they start, start commands and `resume` are none, window options
// are those that a save would keep.
Generation as_import(Generation generation);

// The text of a save file of tmux-resurrect (lines of fields between tabs: pane, window, grouped_session, state). It holds command lines without
// their quotes, so arguments are what stands between blanks. usage: it is no such file.
Result<Workspace> read_resurrect(std::string_view text);

// The text of a save of kra-tmux: a JSON object, session name -> {windows: [{windowName, layout, panes: [{currentCommand, currentPath, gitRepoLink}]}]}.
// Its paths lack /home/NAME, so they count from `home`; it knows neither indexes nor what was active nor arguments. usage: it is no such file.
Result<Workspace> read_kra_tmux(std::string_view text, const std::string& home);

// For readers of such files. The words of a command line; none of a shell that only waits.
std::vector<std::string> imported_argv(std::string_view command);
// Sorts what was read, leaves out windows and sessions without a pane, and gives sessions the size of their active window's layout. usage: nothing is left.
Result<Workspace> finished_import(Workspace workspace, std::string_view from);

}  // namespace kra
