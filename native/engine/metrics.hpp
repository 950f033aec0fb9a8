// How long an operation takes: the last of its durations, and what follows from them. A value, no clock inside.
#pragma once

#include <cstdint>
#include <vector>

#include "base/value.hpp"

namespace kra {

class Durations {
 public:
  void add(std::int64_t milliseconds);
  void fail() { ++failed_; }

  // {count, failed, last_ms, mean_ms, p50_ms, p95_ms, p99_ms, max_ms}: count and failed of all, the others of the last `window`.
  // A percentile is the smallest duration that so many percent are not above (nearest rank). All are 0 before the first.
  Value summary() const;

  static constexpr std::size_t window = 256;

 private:
  std::int64_t percentile(std::size_t percent, const std::vector<std::int64_t>& sorted) const;
  std::uint64_t count_ = 0, failed_ = 0;
  std::vector<std::int64_t> recent_;  // a ring; count_ says where the next one goes
};

}  // namespace kra
