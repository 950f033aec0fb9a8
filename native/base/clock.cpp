#include "base/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/text.hpp"

namespace kra {

WallTime wall_now() {
  using namespace std::chrono;
  return {duration_cast<Milliseconds>(system_clock::now().time_since_epoch()).count()};
}

static std::tm local(WallTime time) {
  std::time_t seconds = time.ms / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

std::string rfc3339(WallTime time) {
  std::tm parts = local(time);
  char date[40], zone[8];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  long offset = parts.tm_gmtoff / 60;
  std::snprintf(zone, sizeof zone, "%c%02d:%02d", offset < 0 ? '-' : '+', static_cast<int>(std::labs(offset) / 60 % 100),
                static_cast<int>(std::labs(offset) % 60));
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(time.ms % 1000));
  return cat(date, fraction, zone);
}

static std::optional<std::int64_t> unit_ms(std::string_view unit) {
  struct Unit { std::string_view name; std::int64_t ms; };
  constexpr std::array units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"min", 60'000},
                             Unit{"h", 3'600'000}, Unit{"d", 86'400'000}, Unit{"w", 604'800'000}};
  for (auto [name, ms] : units)
    if (name == unit) return ms;
  return std::nullopt;
}

static std::optional<WallTime> ago(std::string_view text, WallTime now) {
  auto digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || digits > 9) return std::nullopt;
  auto count = parse_int(text.substr(0, digits));
  auto unit = unit_ms(text.substr(digits));
  if (!count || !unit) return std::nullopt;
  return WallTime{now.ms - *count * *unit};
}

static WallTime from_local(std::tm parts, int milliseconds = 0) {
  parts.tm_isdst = -1;
  return {static_cast<std::int64_t>(std::mktime(&parts)) * 1000 + milliseconds};
}

// The end of the last day with that name, so that `@monday` means what monday left behind.
static std::optional<WallTime> named_day(std::string_view text, WallTime now) {
  constexpr std::array<std::string_view, 7> days{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
  std::tm parts = local(now);
  int back = 0;
  if (text == "yesterday") {
    back = 1;
  } else {
    auto day = std::find(days.begin(), days.end(), text);
    if (day == days.end()) return std::nullopt;
    back = (parts.tm_wday - static_cast<int>(day - days.begin()) + 7) % 7;
    if (back == 0) return now;
  }
  parts.tm_mday -= back - 1;
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  return WallTime{from_local(parts).ms - 1};
}

static std::optional<WallTime> written_date(const std::string& text, WallTime now) {
  std::tm parts = local(now);
  parts.tm_sec = 0;
  const char* rest = strptime(text.c_str(), "%H:%M", &parts);
  if (rest && !*rest) {
    auto today = from_local(parts);
    if (today <= now) return today;
    --parts.tm_mday;  // later today has not been yet: that of yesterday is meant
    return from_local(parts);
  }
  parts = std::tm{};
  rest = strptime(text.c_str(), "%Y-%m-%d", &parts);
  if (!rest) return std::nullopt;
  if (!*rest) {
    ++parts.tm_mday;  // not 24 hours later: a day may have 23 or 25
    return WallTime{from_local(parts).ms - 1};
  }
  rest = strptime(rest, *rest == ' ' ? " %H:%M:%S" : "T%H:%M:%S", &parts);
  if (!rest) return std::nullopt;
  int milliseconds = 0;
  if (*rest == '.')
    for (int weight = 100; *++rest >= '0' && *rest <= '9'; weight /= 10) milliseconds += (*rest - '0') * weight;
  if (!*rest) return from_local(parts, milliseconds);
  std::string_view zone = rest;
  if (zone == "Z") return WallTime{static_cast<std::int64_t>(timegm(&parts)) * 1000 + milliseconds};
  int hours = 0, minutes = 0;
  char sign = 0;
  int length = 0;
  bool read = std::sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &length) == 3 && rest[length] == '\0';
  if (!read || (sign != '+' && sign != '-') || hours < 0 || minutes < 0) return std::nullopt;
  std::int64_t offset = (hours * 60 + minutes) * (sign == '-' ? -60'000LL : 60'000LL);
  return WallTime{static_cast<std::int64_t>(timegm(&parts)) * 1000 + milliseconds - offset};
}

std::optional<WallTime> parse_when(std::string_view text, WallTime now) {
  if (auto time = ago(text, now)) return time;
  if (auto time = named_day(text, now)) return time;
  return written_date(std::string(text), now);
}

int Patience::left_ms(int at_most) const {
  if (stop.stop_requested()) return 0;
  auto left = std::chrono::ceil<Milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, at_most));
}

}  // namespace kra
