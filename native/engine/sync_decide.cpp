#include "engine/sync_decide.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra {
namespace {

// Between two tries, whatever presses.
constexpr std::int64_t least_distance_ms = 30'000;
// While a git operation of the user's is unfinished.
constexpr std::int64_t look_again_ms = 60'000;
// So much at once is not left lying for an interval.
constexpr std::uint64_t many_bytes = 10U << 20;
// A writer who never rests puts a sync off by so many quiet times at most.
constexpr std::int64_t longest_quiet = 6;

bool is_trouble(const std::string& state) { return state == "offline" || state == "failed"; }
bool is_refusal(const std::string& state) { return state == "access" || state == "hook" || state == "quota"; }

SyncDecision at(std::int64_t moment, const char* reason, std::string why, WallTime now) {
  return {moment <= now.ms, reason, std::move(why), std::max(moment, now.ms)};
}

std::string changes_text(const SyncFacts& facts) { return cat(facts.dirty_files, facts.dirty_files == 1 ? " file has changed" : " files have changed"); }

SyncDecision after_trouble(const SyncFacts& facts, const Settings::Sync& settings, std::int64_t last, WallTime now) {
  const auto doublings = std::min<std::uint64_t>(facts.failures > 0 ? facts.failures - 1 : 0, 20);
  const auto longest = std::max<std::int64_t>(settings.interval.count(), least_distance_ms);
  const auto wait = std::min<std::int64_t>(least_distance_ms << doublings, longest);
  const auto less = static_cast<std::int64_t>(static_cast<double>(wait) * 0.25 * std::clamp(facts.spread, 0.0, 1.0));
  return at(last + wait - less, "scheduled", cat("the remote could not be had, ", facts.failures, facts.failures == 1 ? " time" : " times"), now);
}

// The remote is asked, without a look at the work tree, before the next sync is due.
SyncDecision or_poll(SyncDecision next, const SyncFacts& facts, const Settings::Sync& settings, std::int64_t last, WallTime now) {
  const auto polled = std::min(std::max(facts.polled_at, last), now.ms) + settings.poll.count();
  if (settings.poll.count() == 0 || next.now || polled >= next.next_at) return next;
  next.poll_at = std::max(polled, now.ms);
  return next;
}

}  // namespace

SyncDecision decide_sync(const SyncFacts& facts, const Settings::Sync& settings, WallTime now) {
  if (!facts.scheduled) return {.why = "not scheduled; `kra sync start` does it"};
  if (!facts.operation.empty()) return {.why = cat("a ", facts.operation, " is unfinished"), .next_at = now.ms + look_again_ms};
  if (facts.last_at == 0) return at(now.ms, "startup", "never synced", now);
  // A clock that went back must not put it off for good.
  const auto last = std::min(facts.last_at, now.ms);
  const auto soonest = last + settings.min_interval.count();
  const auto regular = last + std::max(settings.interval, settings.min_interval).count();
  const bool clean = facts.watched && facts.dirty_files == 0 && (facts.last_state == "synced" || facts.last_state == "nothing");
  if (facts.wanted == "startup") return at(now.ms, "startup", "the first editor or terminal has come", now);
  if (facts.wanted == "exit" && !clean) return at(now.ms, "exit", "the last editor or terminal has gone", now);
  if (is_trouble(facts.last_state)) return after_trouble(facts, settings, last, now);
  if (!facts.started) return at(soonest, "startup", "kra has just started", now);
  if (is_refusal(facts.last_state)) return at(regular, "scheduled", "the remote refused the last one", now);
  if (facts.remote_moved) return at(soonest, "scheduled", "the remote has moved", now);
  const auto quiet = settings.quiet.count();
  const auto rest = std::min({facts.changed_at + quiet, facts.dirty_since + longest_quiet * quiet, now.ms + quiet});
  if (facts.dirty_files >= static_cast<std::uint64_t>(settings.max_changed_files))
    return at(std::max(rest, last + least_distance_ms), "threshold", changes_text(facts), now);
  if (facts.dirty_bytes >= many_bytes) return at(std::max(rest, last + least_distance_ms), "threshold", cat(facts.dirty_bytes >> 20, " MB have changed"), now);
  if (facts.dirty_files > 0) return or_poll(at(std::max(rest, soonest), "scheduled", changes_text(facts), now), facts, settings, last, now);
  if (facts.last_state == "held") return or_poll(at(regular, "scheduled", "the last one waits for a decision", now), facts, settings, last, now);
  if (facts.last_state == "pending") return at(soonest, "scheduled", "some paths could not be written yet", now);
  return or_poll(at(regular, "scheduled", cat("every ", duration_text(std::max(settings.interval, settings.min_interval).count())), now), facts, settings, last, now);
}

}  // namespace kra
