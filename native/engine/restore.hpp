// A generation -> a running server. First a Plan is made (pure: no tmux, no disk), then it is carried out in one or two client calls.
#pragma once

#include <string>
#include <vector>

#include "engine/history.hpp"
#include "peers/tmux.hpp"

namespace kra {

struct Settings;

struct RestoreOptions {
  std::string session;   // only this one
  std::string rename;    // of that session, or of the only taken one
  bool replace = false;
  bool lazy = false;
  bool programs = true;
};

struct ProgramStart {
  std::string pane;                  // "work:2.1", for people
  std::vector<std::string> argv;
  bool asks = false;                 // shown, and started by the user's Enter
  std::string why;                   // why it asks
};

struct RestorePlan {
  std::vector<std::string> restored;   // names of sessions that will be made
  std::vector<std::string> taken;      // names that exist and stay as they are
  std::vector<std::string> replaced;   // names whose session is swapped for the saved one
  std::vector<std::string> fresh;      // names of fresh sessions that are taken over
  std::vector<std::string> lazy;       // made now with one pane, filled when visited
  std::vector<std::string> notes;      // missing directories and repositories, said to the user
  std::vector<ProgramStart> programs;
  std::vector<std::string> steps;      // each step in words, for --dry-run
};

struct RestoreReport {
  RestorePlan plan;
  Counts counts;                       // of what was made
  std::vector<std::string> failed;     // items that tmux refused, one line each: they cost only themselves
  std::int64_t duration_ms = 0;
};

// Pins `generation` by its number; no file is looked up again. `live` is nullptr when no server runs. Takes the lease in the
// server itself (@kra_restoring), so that no save can see half a workspace.
Result<RestoreReport> restore(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name,
                              const Generation& generation, const RestoreOptions& options, const Settings& settings, bool dry_run,
                              const Patience& patience);

// What a pane of a restored workspace is to run; `id` is SERVERKEY/NAMEDIRECTORY/GENERATION/PANE, made by restore().
struct PaneProgram {
  std::vector<std::string> argv;
  std::string cwd, editor, generation_id;
  bool asks = false;
  std::string why;
};
Result<PaneProgram> pane_program(Disk& disk, const Paths& paths, const std::string& id, const Settings& settings);

}  // namespace kra
