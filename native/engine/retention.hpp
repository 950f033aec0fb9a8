// Which generations are thinned out: pure, told the time.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "model/stored.hpp"

namespace kra {

// All of the last `all_for`, then the last of each hour, then of each day (UTC), then none.
struct Retention {
  Milliseconds all_for = std::chrono::hours(24);
  Milliseconds hourly_for = std::chrono::hours(24 * 7);
  Milliseconds daily_for = std::chrono::hours(24 * 30);
};

struct LogEntry {
  Stamp stamp;
  Counts counts;
  std::uint64_t bytes = 0;
  bool kept = false;
  bool restored_from = false;
};

// The generations of `log` (newest first) that are no longer wanted: never the newest, a kept one or one that was restored from. Age is
// counted back from the newest save, and a gap between two saves is a day of it at most: the first save after a month away, or under a clock
// that is wrong, must not take what was there before.
std::vector<std::uint64_t> unwanted(const std::vector<LogEntry>& log, const Retention& retention, WallTime now);

}  // namespace kra
