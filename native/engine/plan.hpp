// What a restore will do, decided before anything is touched. Pure: a generation, what runs now, the options and a few facts go in, a Plan
// comes out, so that --dry-run and the real thing cannot differ.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/programs.hpp"
#include "engine/restore.hpp"

namespace kra {

// What the plan must know about the machine.
struct PlanFacts {
  std::string host;
  std::function<bool(const std::string& path)> is_directory;
  ProgramName program_name;
  // Whether a live session is what a bare `tmux` leaves (engine/fresh.hpp).
  std::function<bool(const LiveSession& session)> is_fresh;
};

enum class PaneStart { shell, job, helper };  // the default shell alone; it starts KRA_RESTORE as its job; `kra exec ID`

struct PanePlan {
  PaneStart start = PaneStart::shell;
  std::string cwd;   // exists
  std::string id;    // StoredId of this pane
  std::string resume;  // value of the pane option that says how it is resumed
  bool editor = false;
};

struct WindowPlan {
  Window window;
  bool linked = false;          // made elsewhere in the plan (same Window::link or same group), linked or shared here
  std::vector<PanePlan> panes;  // of one that is made here
};

struct SessionPlan {
  int index = 0;         // in the workspace
  Session session;       // as it was saved
  std::string name;      // its name from now on
  std::string path;      // exists
  std::string swaps;     // id of the live session whose place it takes; empty: none
  std::string fills;     // id of the live session that gets these windows; empty: a new session is made
  std::string placeholder;  // with `fills`: id of the window that goes when it is filled
  std::string joins;     // id of the live session whose group it joins
  int follows = -1;      // index in the plan of the session whose group it joins
  bool lazy = false;     // made with a placeholder that is filled when it is visited
  std::string lazy_id;   // StoredId of the session
  bool lazy_programs = true;  // and whether its programs start when it is filled
  std::vector<WindowPlan> windows;
};

struct Plan {
  RestorePlan words;               // what is told
  std::vector<SessionPlan> sessions;  // in the order in which they are made: tmux attaches to the one made last
  int active = -1, last = -1;      // indexes of the sessions that the last client saw
  bool active_was_seen = false;    // by a client, and not only chosen by us
  std::string discards;            // id of a lone fresh session whose clients go to the active one, and which goes away
};

// usage: --session or --rename that cannot be; not_found: no session of that name in the generation (the error lists them).
// `base` is the StoredId of the generation.
Result<Plan> make_plan(const Generation& generation, const StoredId& base, const LiveServer* live, const RestoreOptions& options,
                       const Settings& settings, const PlanFacts& facts);

// The nearest existing directory above `path`, or "/".
std::string nearest_directory(const std::string& path, const PlanFacts& facts);

struct PlanContext {
  const Generation& generation;
  const StoredId& base;
  const RestoreOptions& options;
  const Settings& settings;
  const PlanFacts& facts;
};
// Adds the windows of `session` to it. `linked`: numbers of the linked windows that were made so far.
void plan_windows(const PlanContext& context, SessionPlan& session, std::set<int>& linked, RestorePlan& words);

}  // namespace kra
