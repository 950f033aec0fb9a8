// Thinning: all of a day, hourly for a week, daily for a month; never what a person needs.
#include "engine/retention.hpp"

#include <algorithm>
#include <map>

#include "../catch.hpp"

using namespace kra;

static constexpr std::int64_t hour = 3'600'000, day = 24 * hour, start = 20'000 * day;

// One save each `step`, newest first.
static std::vector<LogEntry> saves(int count, std::int64_t step) {
  std::vector<LogEntry> log;
  for (int i = count; i > 0; --i) log.push_back({.stamp = {.generation = static_cast<std::uint64_t>(i), .saved_at = start + i * step}});
  return log;
}

static std::vector<LogEntry> left(std::vector<LogEntry> log, WallTime now) {
  auto gone = unwanted(log, {}, now);
  std::erase_if(log, [&](const LogEntry& entry) { return std::count(gone.begin(), gone.end(), entry.stamp.generation) > 0; });
  return log;
}

TEST_CASE("forty days of a save every ten minutes") {
  auto log = saves(40 * 144, hour / 6);
  WallTime now{log.front().stamp.saved_at};
  std::map<std::int64_t, int> per_age;
  for (const auto& entry : left(log, now)) ++per_age[(now.ms - entry.stamp.saved_at) / day];
  CHECK(per_age[0] == 144);
  CHECK(per_age[3] == 24);
  CHECK(per_age[20] == 1);
  CHECK_FALSE(per_age.contains(35));
  CHECK(per_age.rbegin()->first <= 30);
}

TEST_CASE("thinning twice takes nothing more") {
  auto log = saves(3000, hour / 4);
  WallTime now{log.front().stamp.saved_at};
  auto once = left(log, now);
  CHECK(once.size() < log.size());
  CHECK(unwanted(once, {}, now).empty());
}

TEST_CASE("the newest, the kept and those restored from stay, however old") {
  auto log = saves(3, 365 * day);
  log[1].kept = true;
  log[2].restored_from = true;
  CHECK(unwanted(log, {}, {start + 10'000 * day}).empty());
  // Each gap is a day, so the 31 newest stay by themselves.
  auto many = saves(40, 365 * day);
  CHECK(unwanted(many, {}, {start + 100'000 * day}).size() == 9);
  many[35].kept = true;
  many[36].restored_from = true;
  CHECK(unwanted(many, {}, {start + 100'000 * day}) == std::vector<std::uint64_t>{9, 8, 7, 6, 3, 2, 1});
}

TEST_CASE("the first save after a long absence leaves what was saved before it") {
  auto log = saves(20, hour / 10);
  log.insert(log.begin(), {.stamp = {.generation = 21, .saved_at = log.front().stamp.saved_at + 90 * day}});
  auto kept = left(log, {log.front().stamp.saved_at});
  REQUIRE(kept.size() >= 3);
  CHECK(kept[1].stamp.generation == 20);
}

TEST_CASE("a long absence and a clock that is set back wear nothing out") {
  auto log = saves(20, hour / 10);
  CHECK(unwanted(log, {}, {log.front().stamp.saved_at + 1000 * day}).empty());
  CHECK(unwanted(log, {}, {start - 1000 * day}).empty());
  CHECK(unwanted({}, {}, {start}).empty());
}
