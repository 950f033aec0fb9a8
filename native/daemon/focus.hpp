// Who is looked at: tmux tells programs of focus only with `focus-events on`, which is off by default. The waiter of a server says with each
// event which panes its clients show; an editor whose pane was left or entered since is told.
#pragma once

#include "daemon/server.hpp"

namespace kra {

// An event whose args are `seen` and panes tells; any other is passed over. An editor of which nothing is known counts as looked at.
void tell_focus(Server& clients, const Event& event);

}  // namespace kra
