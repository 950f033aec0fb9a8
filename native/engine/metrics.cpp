#include "engine/metrics.hpp"

#include <algorithm>
#include <numeric>

namespace kra {

void Durations::add(std::int64_t milliseconds) {
  if (recent_.size() < window) recent_.push_back(milliseconds);
  else recent_[count_ % window] = milliseconds;
  ++count_;
}

std::int64_t Durations::percentile(std::size_t percent, const std::vector<std::int64_t>& sorted) const {
  if (sorted.empty()) return 0;
  auto rank = (percent * sorted.size() + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

Value Durations::summary() const {
  auto sorted = recent_;
  std::sort(sorted.begin(), sorted.end());
  auto total = std::accumulate(sorted.begin(), sorted.end(), std::int64_t{0});
  auto size = static_cast<std::int64_t>(sorted.size());
  return Value::Map{{"count", count_},
                    {"failed", failed_},
                    {"last_ms", count_ == 0 ? 0 : recent_[(count_ - 1) % window]},
                    {"mean_ms", size == 0 ? 0 : total / size},
                    {"p50_ms", percentile(50, sorted)},
                    {"p95_ms", percentile(95, sorted)},
                    {"p99_ms", percentile(99, sorted)},
                    {"max_ms", sorted.empty() ? 0 : sorted.back()}};
}

}  // namespace kra
