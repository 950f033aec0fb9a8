// Running workspace -> Workspace -> a generation on disk. Blocking; serves the daemon's lane and the command line alike.
#pragma once

#include <string>
#include <vector>

#include "engine/history.hpp"
#include "peers/tmux.hpp"

namespace kra {

struct Settings;

// An editor that is connected, with what it answered when it was asked for its state.
struct ConnectedEditor {
  Editor editor;
  std::string pane;  // %3
  pid_t pid = 0;     // tells which of several in one pane is seen
};

struct SaveRequest {
  std::string name;      // empty: the current workspace
  std::string session;   // empty: all
  std::string message;
  std::string reason = "manual";
  std::vector<ConnectedEditor> editors;  // of this server
};

struct SaveReport {
  std::string name;
  std::uint64_t generation = 0;
  Counts counts;
  bool changed = false;
  bool hooks_mended = false;
  bool attended = false;      // a client is attached
  bool shows_status = false;  // the server's status line shows @kra_status
  bool off = false;           // nothing was saved: this server is not saved by itself
  std::int64_t duration_ms = 0;
  std::vector<std::string> put_aside;  // damaged generations that were passed over, one line each
};
// As the daemon answers it and `kra save --json` prints it.
Value value_of(const SaveReport& report);

// The workspace as it is now: one tmux client call and the system's process data. A pane that shows the prompt of the user's shell has no
// argv; one in which our helper waits for Enter has that of the program that it stands for. Layouts are told without pane ids, so
// equal shapes are equal texts. Errors: unavailable (no server), refused (no session), busy (a restore is under way in it),
// conflict (the server died or changed meanwhile).
struct Captured {
  Workspace workspace;
  LiveServer live;
  std::vector<std::string> private_panes;  // ids of those whose contents may not be kept
};
Result<Captured> capture(Disk& disk, const Paths& paths, const TmuxServer& server, const std::vector<ConnectedEditor>& editors,
                         const Settings& settings, const Patience& patience);

// capture() and write, and our hooks put back where they were wiped (only that costs a second client call). A name becomes the current
// one, unless it holds a single session. An editor that did not tell what it shows, and was there at the save before, keeps what it told
// then. An automatic save (reason other than manual) whose number of panes fell by more than half is looked at
// again two seconds later and dropped when the server is gone by then: a dying server never becomes the newest save. conflict: one session
// would become the newest of a whole workspace.
// The server's own options (@kra-scrollback) go before `settings`; where they, or those, turn autosave off, a save that the daemon makes by
// itself (reason autosave or exit) ends after it has looked.
Result<SaveReport> save(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const SaveRequest& request,
                        const Settings& settings, const Patience& patience);

}  // namespace kra
