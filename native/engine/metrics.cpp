#include "engine/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kra {

void Durations::add_us(std::int64_t microseconds) {
  if (recent_.size() < window) recent_.push_back(microseconds);
  else recent_[count_ % window] = microseconds;
  ++count_;
}

static std::int64_t nearest_rank(std::size_t percent, const std::vector<std::int64_t>& sorted) {
  if (sorted.empty()) return 0;
  auto rank = (percent * sorted.size() + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::int64_t Durations::percentile_us(std::size_t percent) const {
  auto sorted = recent_;
  std::sort(sorted.begin(), sorted.end());
  return nearest_rank(percent, sorted);
}

static Value milliseconds(std::int64_t us) {
  if (us >= 10'000 || us % 1000 == 0) return us / 1000;
  return static_cast<double>(us) / 1000;
}

Value Durations::summary() const {
  auto sorted = recent_;
  std::sort(sorted.begin(), sorted.end());
  auto total = std::accumulate(sorted.begin(), sorted.end(), std::int64_t{0});
  auto size = static_cast<std::int64_t>(sorted.size());
  auto tried = count_ + failed_;
  double rate = tried == 0 ? 1.0 : std::round(1000.0 * static_cast<double>(count_) / static_cast<double>(tried)) / 1000;
  return Value::Map{{"count", count_},
                    {"failed", failed_},
                    {"success_rate", rate},
                    {"last_ms", milliseconds(count_ == 0 ? 0 : recent_[(count_ - 1) % window])},
                    {"mean_ms", milliseconds(size == 0 ? 0 : total / size)},
                    {"p50_ms", milliseconds(nearest_rank(50, sorted))},
                    {"p95_ms", milliseconds(nearest_rank(95, sorted))},
                    {"p99_ms", milliseconds(nearest_rank(99, sorted))},
                    {"max_ms", milliseconds(sorted.empty() ? 0 : sorted.back())}};
}

// Nothing when it is no time: negative, not finite, longer than a day.
static std::int64_t microseconds_of(const Value& value) {
  constexpr double day_ms = 86'400'000;
  double ms = value.number() ? static_cast<double>(*value.number()) : value.real() ? *value.real() : -1;
  return ms >= 0 && ms <= day_ms ? static_cast<std::int64_t>(ms * 1000) : -1;
}

static bool is_operation(std::string_view name) {
  auto harmless = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); };
  // A name that anything could be would carry paths into the metrics.
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), harmless);
}

void Metrics::take(const Value& measured) {
  auto name = measured["operation"].text_or("");
  auto us = microseconds_of(measured["ms"]);
  if (!is_operation(name) || us < 0) return;
  auto found = operations_.find(name);
  if (found == operations_.end() && operations_.size() >= operations_kept) return;
  auto& operation = operations_[name];
  if (!measured["ok"].flag_or(true)) return operation.times.fail();
  operation.times.add_us(us);
  if (auto loop = microseconds_of(measured["loop_ms"]); loop >= 0) operation.loop.add_us(loop);
  operation.bytes += std::clamp<std::int64_t>(measured["bytes"].number_or(0), 0, std::int64_t{1} << 40);
}

Value Metrics::summary() const {
  Value::Map rows;
  for (const auto& [name, operation] : operations_) {
    auto row = operation.times.summary();
    row.set("bytes", operation.bytes);
    if (operation.loop.count() > 0) {
      auto loop = operation.loop.summary();
      for (const char* key : {"p50_ms", "p95_ms", "p99_ms", "max_ms"}) row.set(std::string("loop_") + key, loop[key]);
    }
    rows.emplace_back(name, std::move(row));
  }
  return rows;
}

std::map<std::string, std::int64_t> Metrics::above(std::int64_t target_ms) const {
  std::map<std::string, std::int64_t> slow;
  for (const auto& [name, operation] : operations_)
    if (auto us = operation.times.percentile_us(95); us > target_ms * 1000) slow[name] = us / 1000;
  return slow;
}

double slow_factor(std::int64_t p95_us, std::int64_t target_ms) {
  if (target_ms <= 0) return 1;
  return std::clamp(static_cast<double>(p95_us) / (static_cast<double>(target_ms) * 1000), 1.0, 8.0);
}

}  // namespace kra
