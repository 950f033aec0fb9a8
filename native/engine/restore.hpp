// A generation -> a running server. First a Plan is made (engine/plan.hpp: no tmux, no disk), then it is carried out in two client calls:
// one makes the panes under names that nobody can guess, one arranges and names them by their ids.
#pragma once

#include <string>
#include <vector>

#include "engine/history.hpp"
#include "engine/programs.hpp"
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
  std::vector<Repository> missing;     // repositories that panes lay in and that could be cloned, outer ones first
  std::vector<ProgramStart> programs;
  std::vector<std::string> steps;      // each step in words, for --dry-run
};

struct RestoreReport {
  RestorePlan plan;
  Counts counts;                       // of what was made
  std::vector<std::string> failed;     // items that tmux refused, one line each: they cost only themselves
  bool incomplete = false;             // a session, window or pane is missing
  std::string session;                 // id of the session to attach to; empty: none was made
  std::int64_t duration_ms = 0;
};

// Pins `generation` by its number; no file is looked up again. Holds the lease in the server itself (@kra_restoring) while it builds, so
// that no save can see half a workspace. busy: another restore is under way there.
Result<RestoreReport> restore(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name,
                              const Generation& generation, const RestoreOptions& options, const Settings& settings, bool dry_run,
                              const Patience& patience);

// Whether the value of @kra_restoring (LiveServer::restoring) names a restore that still runs: one that was killed no longer counts.
bool restore_is_under_way(const std::string& restoring);

}  // namespace kra
