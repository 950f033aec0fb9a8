#include "engine/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/log_record.hpp"
#include "wire/msgpack.hpp"

namespace kra {

std::int64_t day_of(WallTime time) { return time.ms / 86'400'000; }

void Durations::add_us(std::int64_t microseconds, std::int64_t day) {
  recent_.push_back({microseconds, day});
  if (recent_.size() > window) recent_.pop_front();
  ++days_[day].count;
}

std::uint64_t Durations::count() const {
  return std::accumulate(days_.begin(), days_.end(), std::uint64_t{0}, [](auto sum, const auto& entry) { return sum + entry.second.count; });
}

std::optional<std::int64_t> Durations::since() const {
  return days_.empty() ? std::nullopt : std::optional<std::int64_t>(days_.begin()->first);
}

void Durations::forget_before(std::int64_t day) {
  days_.erase(days_.begin(), days_.lower_bound(day));
  std::erase_if(recent_, [&](const Sample& sample) { return sample.day < day; });
}

static std::int64_t nearest_rank(std::size_t percent, const std::vector<std::int64_t>& sorted) {
  if (sorted.empty()) return 0;
  auto rank = (percent * sorted.size() + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<std::int64_t> Durations::sorted() const {
  std::vector<std::int64_t> times;
  for (const auto& sample : recent_) times.push_back(sample.us);
  std::sort(times.begin(), times.end());
  return times;
}

std::int64_t Durations::percentile_us(std::size_t percent) const {
  return nearest_rank(percent, sorted());
}

static Value milliseconds(std::int64_t us) {
  if (us >= 10'000 || us % 1000 == 0) return us / 1000;
  return static_cast<double>(us) / 1000;
}

Value Durations::summary() const {
  const auto times = sorted();
  auto total = std::accumulate(times.begin(), times.end(), std::int64_t{0});
  auto size = static_cast<std::int64_t>(times.size());
  auto done = count();
  auto failed = std::accumulate(days_.begin(), days_.end(), std::uint64_t{0}, [](auto sum, const auto& entry) { return sum + entry.second.failed; });
  double rate = done + failed == 0 ? 1.0 : std::round(1000.0 * static_cast<double>(done) / static_cast<double>(done + failed)) / 1000;
  return Value::Map{{"count", done},
                    {"failed", failed},
                    {"success_rate", rate},
                    {"last_ms", milliseconds(recent_.empty() ? 0 : recent_.back().us)},
                    {"mean_ms", milliseconds(size == 0 ? 0 : total / size)},
                    {"p50_ms", milliseconds(nearest_rank(50, times))},
                    {"p95_ms", milliseconds(nearest_rank(95, times))},
                    {"p99_ms", milliseconds(nearest_rank(99, times))},
                    {"max_ms", milliseconds(times.empty() ? 0 : times.back())}};
}

// {days: [[day, count, failed]…], recent: [us, day, us, day…]}
Value Durations::stored() const {
  Value::Array days, recent;
  for (const auto& [day, tally] : days_) days.push_back(Value::Array{day, tally.count, tally.failed});
  for (const auto& sample : recent_) recent.insert(recent.end(), {sample.us, sample.day});
  return Value::Map{{"days", std::move(days)}, {"recent", std::move(recent)}};
}

static std::int64_t number_at(const Value& list, std::size_t at) {
  const auto* items = list.array();
  return items && at < items->size() ? std::max<std::int64_t>((*items)[at].number_or(0), 0) : 0;
}

Durations Durations::from_stored(const Value& value) {
  Durations durations;
  if (const auto* days = value["days"].array())
    for (const auto& day : *days)
      durations.days_[number_at(day, 0)] = {static_cast<std::uint64_t>(number_at(day, 1)), static_cast<std::uint64_t>(number_at(day, 2))};
  const auto* recent = value["recent"].array();
  for (std::size_t at = 0; recent && at + 1 < recent->size() && at < 2 * window; at += 2)
    durations.recent_.push_back({number_at(value["recent"], at), number_at(value["recent"], at + 1)});
  return durations;
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

void Metrics::take(const Value& measured, std::int64_t day) {
  auto name = measured["operation"].text_or("");
  auto us = microseconds_of(measured["ms"]);
  if (!is_operation(name) || us < 0) return;
  auto found = operations_.find(name);
  if (found == operations_.end() && operations_.size() >= operations_kept) return;
  changed_ = true;
  auto& operation = operations_[name];
  if (!measured["ok"].flag_or(true)) return operation.times.fail(day);
  operation.times.add_us(us, day);
  if (auto loop = microseconds_of(measured["loop_ms"]); loop >= 0) operation.loop.add_us(loop, day);
  if (auto bytes = std::clamp<std::int64_t>(measured["bytes"].number_or(0), 0, std::int64_t{1} << 40); bytes > 0) operation.bytes[day] += bytes;
}

static std::int64_t sum_of(const std::map<std::int64_t, std::int64_t>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::int64_t{0}, [](auto sum, const auto& entry) { return sum + entry.second; });
}

Value Metrics::summary() const {
  Value::Map rows;
  for (const auto& [name, operation] : operations_) {
    auto row = operation.times.summary();
    row.set("bytes", sum_of(operation.bytes));
    if (auto since = operation.times.since()) row.set("since", rfc3339({*since * 86'400'000}));
    if (operation.loop.size() > 0) {
      auto loop = operation.loop.summary();
      for (const char* key : {"p50_ms", "p95_ms", "p99_ms", "max_ms"}) row.set(std::string("loop_") + key, loop[key]);
    }
    rows.emplace_back(name, std::move(row));
  }
  return rows;
}

std::int64_t Metrics::percentile_us(const std::string& operation, std::size_t percent) const {
  auto found = operations_.find(operation);
  return found == operations_.end() ? 0 : found->second.times.percentile_us(percent);
}

// A network or a tmux full of programs that start has no 50 ms.
static bool has_target(std::string_view operation) { return operation != "sync" && !operation.ends_with("restore"); }

std::map<std::string, std::int64_t> Metrics::above(std::int64_t target_ms) const {
  std::map<std::string, std::int64_t> slow;
  for (const auto& [name, operation] : operations_) {
    if (!has_target(name) || operation.times.size() < enough) continue;
    if (auto us = operation.times.percentile_us(95); us > target_ms * 1000) slow[name] = us / 1000;
  }
  return slow;
}

void Metrics::forget_before(std::int64_t day) {
  for (auto& [name, operation] : operations_) {
    operation.times.forget_before(day);
    operation.loop.forget_before(day);
    operation.bytes.erase(operation.bytes.begin(), operation.bytes.lower_bound(day));
  }
  if (std::erase_if(operations_, [](const auto& entry) { return !entry.second.times.since(); }) > 0) changed_ = true;
}

// --- the file: one record of a log, so that damage is seen ----------------------------------------------------------------

static constexpr std::uint8_t metrics_record = 1;
static constexpr std::uint64_t metrics_limit = 4U << 20;

std::string Metrics::stored() const {
  Value::Map rows;
  for (const auto& [name, operation] : operations_) {
    Value::Array bytes;
    for (const auto& [day, count] : operation.bytes) bytes.push_back(Value::Array{day, count});
    rows.emplace_back(name, Value::Map{{"times", operation.times.stored()}, {"loop", operation.loop.stored()}, {"bytes", std::move(bytes)}});
  }
  std::string file;
  append_record(file, metrics_record, pack(Value(std::move(rows))));
  return file;
}

Metrics Metrics::from_stored(std::string_view bytes) {
  Metrics metrics;
  auto record = LogRecordReader(bytes).next();
  if (!record || record->type != metrics_record) return metrics;
  auto rows = unpack(record->payload);
  if (!rows || !rows->map()) return metrics;
  for (const auto& [name, row] : *rows->map()) {
    if (!is_operation(name) || metrics.operations_.size() >= operations_kept) continue;
    auto& operation = metrics.operations_[name];
    operation.times = Durations::from_stored(row["times"]);
    operation.loop = Durations::from_stored(row["loop"]);
    if (const auto* days = row["bytes"].array())
      for (const auto& day : *days) operation.bytes[number_at(day, 0)] = number_at(day, 1);
  }
  return metrics;
}

Metrics load_metrics(Disk& disk, const std::string& path, Milliseconds max_age, WallTime now) {
  auto file = disk.read(path, metrics_limit);
  auto metrics = file ? Metrics::from_stored(*file) : Metrics();
  metrics.forget_before(day_of({now.ms - max_age.count()}));
  return metrics;
}

Result<void> keep_metrics(Disk& disk, const std::string& path, const Metrics& metrics) { return disk.replace(path, metrics.stored()); }

double slow_factor(std::int64_t p95_us, std::int64_t target_ms) {
  if (target_ms <= 0) return 1;
  return std::clamp(static_cast<double>(p95_us) / (static_cast<double>(target_ms) * 1000), 1.0, 8.0);
}

}  // namespace kra
