// Bringing back what was closed or replaced last. Items are found by comparing a save with the one before it and kept as generations in a
// history of their own, one name each; one that was brought back counts as restored from and is offered no more.
#pragma once

#include <string>
#include <vector>

#include "engine/history.hpp"
#include "peers/tmux.hpp"

namespace kra {

struct Settings;

enum class ClosedKind { pane, window, session };

struct Closed {
  ClosedKind kind = ClosedKind::session;
  Session session;         // of a window or pane: with that window alone
  std::vector<int> panes;  // of kind pane: places of the closed ones among the panes of that window
};

// What `after` has lost, in the order of `before`. The last pane takes its window with it and the last window its session: that is one
// item, the largest. What was renamed or moved is not closed.
std::vector<Closed> closed_between(const Workspace& before, const Workspace& after);

// To be called after a save of the whole server that wrote generation `written` of `name`, with what was captured. Compares it with the
// generation before, when that one came from the same run of the server (`live`). How many items were added; of those that were not
// brought back at most `undo_kept` stay.
constexpr std::size_t undo_kept = 50;
Result<int> record_closed(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name,
                          std::uint64_t written, const Workspace& after, const LiveServer& live, const Patience& patience);
// After a save that found nothing changed: the newest generation of `name` describes this run of the server, as it does after a restore, so
// that what is closed next can be told.
Result<void> note_run(Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name, const LiveServer& live);
// Before a restore replaces a session of that name, or takes it over as a fresh one.
enum class Swapped { replaced, fresh };
Result<void> record_swapped(Disk& disk, const Paths& paths, const TmuxServer& server, const Workspace& workspace, const std::string& name, Swapped how,
                            const Patience& patience);
// After a restore has taken the place of these sessions: the next record_closed() does not take them for closed.
Result<void> expect_closed(Disk& disk, const Paths& paths, const TmuxServer& server, const std::vector<std::string>& names);

struct UndoItem {
  std::string name;      // in the history of undo
  std::uint64_t id = 0;  // its number there, which no other item has
  std::uint64_t generation = 0;
  std::int64_t closed_at = 0;  // when it was noticed; WallTime
  ClosedKind kind = ClosedKind::session;
  bool replaced = false;
  bool fresh = false;    // and it was a fresh session: nobody misses it, so it comes back only when it is asked for by its id
  std::vector<int> panes;
  std::string where;     // "work:2", for people
};
// What can be brought back, the last one first.
Result<std::vector<UndoItem>> undo_items(Disk& disk, const Paths& paths, const TmuxServer& server);

struct UndoReport {
  UndoItem item;
  std::vector<std::string> notes, failed;
};
// Brings the item of that id back, or the last one that is not fresh when it is 0, and takes it off the list. not_found: there is none;
// conflict: a session of its name runs again.
Result<UndoReport> undo(Disk& disk, const Paths& paths, const TmuxServer& server, std::uint64_t id, const Settings& settings, const Patience& patience);

const char* text_of(ClosedKind kind);

}  // namespace kra
