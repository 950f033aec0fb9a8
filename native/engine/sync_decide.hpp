// When a work tree is synced by itself: a pure function of what is known about it. What it answers is also what `kra sync status` tells.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "model/config.hpp"

namespace kra {

struct SyncFacts {
  bool scheduled = false;         // `kra sync start` was said
  bool started = true;            // since the daemon started it has been looked at once
  std::string wanted;             // "startup": the first editor or tmux client has come, "exit": the last has gone
  std::string operation;          // of git's that is unfinished: "rebase", …
  std::int64_t last_at = 0;       // end of the last sync (WallTime); 0: never
  std::int64_t last_began = 0;    // when that one began
  std::string last_state;         // of its report
  std::uint64_t failures = 0;     // that in a row could not reach the remote
  double spread = 0;              // from 0 to 1, by chance: takes up to a quarter of a wait after trouble away
  bool watched = false;           // the three below are all that has changed
  std::uint64_t dirty_files = 0;  // that have changed since the last sync
  std::uint64_t dirty_bytes = 0;  // that they hold
  std::int64_t dirty_since = 0, changed_at = 0;  // when the first and the last of them did
  std::int64_t polled_at = 0;     // when the remote was asked whether it has moved
  bool remote_moved = false;      // it had
};

struct SyncDecision {
  bool now = false;
  std::string reason;         // for the sync: startup, scheduled, threshold, exit
  std::string why;            // for people
  std::int64_t next_at = 0;   // WallTime; 0: not by itself
  std::int64_t poll_at = 0;   // before that, the remote is to be asked whether it has moved; 0: no need
};

SyncDecision decide_sync(const SyncFacts& facts, const Settings::Sync& settings, WallTime now);

}  // namespace kra
