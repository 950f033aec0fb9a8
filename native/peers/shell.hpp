// The shell that tmux starts in a pane, by tmux's own rules.
#pragma once

#include <string>

#include "os/job.hpp"

namespace kra {

// From the options of those names: without a default-command the default-shell as a login shell, else that shell with the command.
// An empty `default_shell` is $SHELL, or /bin/sh.
Program pane_shell(const std::string& default_shell, const std::string& default_command);

}  // namespace kra
