// Lazy sessions: made with one cheap pane, filled with their windows when somebody visits them. The session option @kra_lazy says with what
// ("StoredId @window [shells]": the session of a generation, the window that goes, whether no program starts); a hook of our own index
// notices the visit.
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
  bool programs = true;
};
Result<LazySession> parse_lazy(std::string_view option);

// Commands that notice a visit, or stop doing so.
TmuxScript watch_visits(const std::string& kra);
TmuxScript forget_visits();

// Fills the session of that id; gives what tmux refused, one line each. Done also when it was not lazy (any more). What somebody opened in
// it meanwhile stays where it is, and a saved window whose place it took goes behind all others. The hooks go with the last lazy session.
Result<std::vector<std::string>> wake(Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& session_id,
                                      const Settings& settings, const Patience& patience);
// Shows a line to whoever looks at that session: a visit has no terminal to write to.
void tell_visitors(const TmuxServer& server, const std::string& session_id, const std::string& line, const Patience& patience);

// For a save while lazy sessions exist: what was read of them is replaced by what they will be filled with, windows and editors, so that
// a placeholder is never saved; windows that were opened in them stay. Call it with what was captured, before it is compared or written.
void fill_lazy(Workspace& workspace, const LiveServer& live, Disk& disk, const Paths& paths);

}  // namespace kra
