// Time. Deadlines live on the monotonic clock, wall time is for people only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace kra {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

// Milliseconds since 1970, UTC.
struct WallTime {
  std::int64_t ms = 0;
  friend bool operator==(WallTime, WallTime) = default;
  friend auto operator<=>(WallTime, WallTime) = default;
};
WallTime wall_now();
// RFC 3339 with the local zone: 2026-05-01T12:00:00.250+02:00.
std::string rfc3339(WallTime time);
// "2h", "3d", "90m", "30s", "1w", "yesterday", a weekday ("monday": the last one), RFC 3339, "2026-05-01", "12:30":
// the moment that is meant, seen from `now`. Nothing when it is none of these.
std::optional<WallTime> parse_when(std::string_view text, WallTime now);

// How long a caller will wait, and how it says that it no longer does.
struct Patience {
  Instant until;
  std::stop_token stop;

  static Patience of(Milliseconds time) { return {Clock::now() + time, {}}; }
  bool over() const { return stop.stop_requested() || Clock::now() >= until; }
  // What is left, for poll(): at least 0, at most `at_most`.
  int left_ms(int at_most) const;
};

}  // namespace kra
