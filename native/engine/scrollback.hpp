// What stood in panes, kept beside the saves under a name made of the contents, so that what did not change is there once.
#pragma once

#include <string>

#include "engine/save.hpp"

namespace kra {

struct Settings;

// For `restore.scrollback`: the contents of every pane that shows its normal screen and hides nothing, written durably; the panes of the
// workspace name them. One more client call. At most 1 MiB and 5,000 lines a pane; none where a password is asked for. Contents that no save
// has named for as long as history keeps saves are removed, but not what a generation names that stays for good.
Result<void> keep_scrollback(Disk& disk, const Paths& paths, const TmuxServer& server, Captured& captured, const Settings& settings,
                             const Patience& patience);

// What a pane's scrollback names; not_found: it is not there (any more).
Result<std::string> read_scrollback(Disk& disk, const Paths& paths, const std::string& name);

}  // namespace kra
