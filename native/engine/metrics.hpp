// How long operations take: the last of their durations, and what follows from them. Values, no clock inside: a day is told with each.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/value.hpp"
#include "os/disk.hpp"

namespace kra {

// Days since 1970.
std::int64_t day_of(WallTime time);

class Durations {
 public:
  void add_us(std::int64_t microseconds, std::int64_t day = 0);
  void fail(std::int64_t day = 0) { ++days_[day].failed; }

  // {count, failed, success_rate, last_ms, mean_ms, p50_ms, p95_ms, p99_ms, max_ms}: count, failed and success_rate (0 to 1) of all, the others of the
  // last `window`, whole milliseconds or, below 10 of them, thousandths. A percentile is the smallest duration that so many percent are
  // not above (nearest rank). All are 0 before the first, the rate is 1.
  Value summary() const;
  // In microseconds.
  std::int64_t percentile_us(std::size_t percent) const;
  std::uint64_t count() const;
  // How many of them the percentiles are of.
  std::size_t size() const { return recent_.size(); }
  // The day of the oldest; nothing when there is none.
  std::optional<std::int64_t> since() const;
  // What was before that day is forgotten.
  void forget_before(std::int64_t day);

  // As it is stored, and back; what is no such thing is left out.
  Value stored() const;
  static Durations from_stored(const Value& value);

  static constexpr std::size_t window = 256;

 private:
  struct Day {
    std::uint64_t count = 0, failed = 0;
  };
  struct Sample {
    std::int64_t us = 0, day = 0;
  };
  std::vector<std::int64_t> sorted() const;

  std::map<std::int64_t, Day> days_;
  std::deque<Sample> recent_;  // the newest last
};

// One of each operation that was measured somewhere.
class Metrics {
 public:
  // {operation, ok, ms, loop_ms?, bytes?}; what has no name or no time is left out, and what would be one operation too many.
  void take(const Value& measured, std::int64_t day = 0);
  // By operation: a summary, with `bytes` of all, `since`, and of the editor's main loop `loop_p50_ms` `loop_p95_ms` `loop_p99_ms` `loop_max_ms`.
  Value summary() const;
  // Of one operation, in microseconds; 0 of one that was never measured.
  std::int64_t percentile_us(const std::string& operation, std::size_t percent) const;
  // Operations that somebody waits for and whose 95 % are above the target: {operation -> milliseconds}. A few say nothing yet.
  std::map<std::string, std::int64_t> above(std::int64_t target_ms) const;
  // What was before that day is forgotten.
  void forget_before(std::int64_t day);

  // Something was taken since this was asked last.
  bool changed() { return std::exchange(changed_, false); }
  std::string stored() const;
  // A file that is damaged or from a newer release is as none: nothing is lost but figures.
  static Metrics from_stored(std::string_view bytes);

  static constexpr std::size_t operations_kept = 64;
  static constexpr std::size_t enough = 20;

 private:
  struct Operation {
    Durations times, loop;
    std::map<std::int64_t, std::int64_t> bytes;  // by day
  };
  std::map<std::string, Operation> operations_;
  bool changed_ = false;
};

// The figures that the last daemon left, but for those that have expired; and leaving them. 
Metrics load_metrics(Disk& disk, const std::string& path, Milliseconds max_age, WallTime now);
Result<void> keep_metrics(Disk& disk, const std::string& path, const Metrics& metrics);

// How much longer than usual to wait before an operation that misses its target: 1 while it does not, at most 8.
double slow_factor(std::int64_t p95_us, std::int64_t target_ms);

}  // namespace kra
