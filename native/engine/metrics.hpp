// How long operations take: the last of their durations, and what follows from them. Values, no clock inside.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"

namespace kra {

class Durations {
 public:
  void add(std::int64_t milliseconds) { add_us(milliseconds * 1000); }
  void add_us(std::int64_t microseconds);
  void fail() { ++failed_; }

  // {count, failed, success_rate, last_ms, mean_ms, p50_ms, p95_ms, p99_ms, max_ms}: count, failed and success_rate (0 to 1) of all, the others of the
  // last `window`, whole milliseconds or, below 10 of them, thousandths. A percentile is the smallest duration that so many percent are
  // not above (nearest rank). All are 0 before the first, the rate is 1.
  Value summary() const;
  // In microseconds.
  std::int64_t percentile_us(std::size_t percent) const;
  std::uint64_t count() const { return count_; }

  static constexpr std::size_t window = 256;

 private:
  std::uint64_t count_ = 0, failed_ = 0;
  std::vector<std::int64_t> recent_;  // microseconds; a ring; count_ says where the next one goes
};

// One of each operation that was measured somewhere.
class Metrics {
 public:
  // {operation, ok, ms, loop_ms?, bytes?}; what has no name or no time is left out, and what would be one operation too many.
  void take(const Value& measured);
  // By operation: a summary, with `bytes` of all, and of the editor's main loop `loop_p50_ms` `loop_p95_ms` `loop_p99_ms` `loop_max_ms`.
  Value summary() const;
  // Operations whose 95 % are above the target: {operation -> milliseconds}.
  std::map<std::string, std::int64_t> above(std::int64_t target_ms) const;

  static constexpr std::size_t operations_kept = 64;

 private:
  struct Operation {
    Durations times, loop;
    std::int64_t bytes = 0;
  };
  std::map<std::string, Operation> operations_;
};

// How much longer than usual to wait before an operation that misses its target: 1 while it does not, at most 8.
double slow_factor(std::int64_t p95_us, std::int64_t target_ms);

}  // namespace kra
