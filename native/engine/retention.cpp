#include "engine/retention.hpp"

#include <algorithm>
#include <optional>

namespace kra {

static constexpr std::int64_t hour_ms = 3'600'000;
static constexpr std::int64_t day_ms = 24 * hour_ms;

// The span of time of which one save is enough; 0: each is wanted, nothing: none is.
static std::optional<std::int64_t> span_of(std::int64_t age_ms, const Retention& retention) {
  if (age_ms <= retention.all_for.count()) return 0;
  if (age_ms <= retention.hourly_for.count()) return hour_ms;
  if (age_ms <= retention.daily_for.count()) return day_ms;
  return std::nullopt;
}

std::vector<std::uint64_t> unwanted(const std::vector<LogEntry>& log, const Retention& retention, WallTime now) {
  std::vector<std::uint64_t> generations;
  if (log.empty()) return generations;
  auto later = std::min(now.ms, log.front().stamp.saved_at);
  std::int64_t age = 0;
  const LogEntry* wanted = nullptr;  // the last that stays; the next older one may be in its span
  for (const auto& entry : log) {
    age += std::clamp<std::int64_t>(later - entry.stamp.saved_at, 0, day_ms);
    later = entry.stamp.saved_at;
    auto span = span_of(age, retention);
    bool covered = span && *span > 0 && wanted && wanted->stamp.saved_at / *span == entry.stamp.saved_at / *span;
    bool held = entry.kept || entry.restored_from || &entry == &log.front();
    if (held || (span && !covered)) wanted = &entry;
    else generations.push_back(entry.stamp.generation);
  }
  return generations;
}

}  // namespace kra
