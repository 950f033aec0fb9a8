#include "engine/sync_decide.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra {
namespace {

constexpr std::int64_t first_retry_ms = 30'000;

bool is_trouble(const std::string& state) { return state == "offline" || state == "failed"; }

SyncDecision at(std::int64_t moment, const char* reason, std::string why, WallTime now) {
  return {moment <= now.ms, reason, std::move(why), std::max(moment, now.ms)};
}

}  // namespace

SyncDecision decide_sync(const SyncFacts& facts, const Settings::Sync& settings, WallTime now) {
  if (!facts.scheduled) return {.why = "not scheduled; `kra sync start` does it"};
  if (facts.last_at == 0) return at(now.ms, "startup", "never synced", now);
  // A clock that went back must not put it off for good.
  const auto last = std::min(facts.last_at, now.ms);
  const auto soonest = last + settings.min_interval.count();
  const auto regular = last + std::max(settings.interval, settings.min_interval).count();
  if (is_trouble(facts.last_state)) {
    const auto doublings = std::min<std::uint64_t>(facts.failures > 0 ? facts.failures - 1 : 0, 20);
    const auto wait = std::min<std::int64_t>(first_retry_ms << doublings, std::max<std::int64_t>(settings.interval.count(), first_retry_ms));
    return at(last + wait, "scheduled", cat("the remote could not be had, ", facts.failures, facts.failures == 1 ? " time" : " times"), now);
  }
  if (!facts.started) return at(soonest, "startup", "kra has just started", now);
  if (facts.dirty_files >= static_cast<std::uint64_t>(settings.max_changed_files))
    return at(std::max(soonest, facts.changed_at + settings.quiet.count()), "threshold", cat(facts.dirty_files, " files have changed"), now);
  if (facts.last_state == "access" || facts.last_state == "hook" || facts.last_state == "quota") return at(regular, "scheduled", "the remote refused the last one", now);
  if (facts.last_state == "held") return at(regular, "scheduled", "the last one waits for a decision", now);
  return at(regular, "scheduled", cat("every ", duration_text(std::max(settings.interval, settings.min_interval).count())), now);
}

}  // namespace kra
