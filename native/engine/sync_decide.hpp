// When a work tree is synced by itself: a pure function of what is known about it. What it answers is also what `kra sync status` tells.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "model/config.hpp"

namespace kra {

struct SyncFacts {
  bool scheduled = false;        // `kra sync start` was said
  bool started = true;           // since the daemon started it has been looked at once
  std::int64_t last_at = 0;      // end of the last sync (WallTime); 0: never
  std::string last_state;        // of its report
  std::uint64_t failures = 0;    // that in a row could not reach the remote
  std::uint64_t dirty_files = 0; // known to have changed since
  std::int64_t changed_at = 0;   // when the last of them did
};

struct SyncDecision {
  bool now = false;
  std::string reason;         // for the sync: startup, scheduled, threshold
  std::string why;            // for people
  std::int64_t next_at = 0;   // WallTime; 0: not by itself
};

SyncDecision decide_sync(const SyncFacts& facts, const Settings::Sync& settings, WallTime now);

}  // namespace kra
