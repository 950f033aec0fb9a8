// A Plan carried out in a server: the part that whole restores, the filling of lazy sessions and undo have in common.
#pragma once

#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "engine/restore_script.hpp"
#include "os/lock.hpp"

namespace kra {

struct Carried {
  Made made;
  Counts counts;
  std::vector<std::string> failed;  // what tmux refused, one line each
  bool incomplete = false;          // a session, window or pane is missing
  LiveServer server;                // its process and start time only
};

// One who restores into a server at a time, whatever happens to the others. busy: another one is at it when the patience is over.
Result<Lock> lock_server(const Paths& paths, const TmuxServer& server, const Patience& patience);

// A server that is there, or nothing. Asks again when it changed while it was read.
Result<std::optional<LiveServer>> look(const TmuxServer& server, const Patience& patience);

// Two client calls for each of `ranges` (the whole plan when there is none). @kra_restoring is set from the first to the last command, and
// taken away also when something fails. Clients of what is swapped out move to what takes its place. The server is started when `start` says so.
Result<Carried> carry_out(const Plan& plan, const TmuxServer& server, bool start, const std::vector<Range>& ranges, const Patience& patience);

// Before a plan that replaces sessions is carried out: the workspace is saved and each of them can be undone. After it: they were not closed.
Result<void> keep_replaced(const Plan& plan, History& history, Disk& disk, const Paths& paths, const TmuxServer& server,
                           const Settings& settings, const Patience& patience);
Result<void> expect_swapped(const Plan& plan, Disk& disk, const Paths& paths, const TmuxServer& server);

// The absolute path of this executable.
std::string own_program();

// What this machine knows; `fresh` are ids of sessions.
PlanFacts facts_of(Disk& disk, const std::set<std::string>& fresh);

}  // namespace kra
