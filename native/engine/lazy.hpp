// Lazy sessions: made with one cheap pane, filled with their windows when somebody visits them. The session option @kra_lazy says with what
// ("StoredId @window": the session of a generation, and the window that goes); a hook of our own index notices the visit.
#pragma once

#include <string>

#include "engine/history.hpp"
#include "engine/programs.hpp"
#include "peers/tmux.hpp"

namespace kra {

struct Settings;

struct LazySession {
  StoredId id;
  std::string placeholder;  // @5
};
Result<LazySession> parse_lazy(std::string_view option);

// Commands that notice a visit, or stop doing so.
TmuxScript watch_visits(const std::string& kra);
TmuxScript forget_visits();

// Fills the session of that id. Done also when it was not lazy (any more). The hooks go with the last lazy session.
Result<void> wake(Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& session_id, const Settings& settings,
                  const Patience& patience);

// For a save while lazy sessions exist: what was read of them is replaced by what they will be filled with, windows and editors, so that
// a placeholder is never saved. Call it with what was captured, before it is compared or written.
void fill_lazy(Workspace& workspace, const LiveServer& live, Disk& disk, const Paths& paths);

}  // namespace kra
