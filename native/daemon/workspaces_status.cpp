// What Workspaces tells about itself.
#include <algorithm>

#include "daemon/workspaces.hpp"

namespace kra {

static std::int64_t left_ms(Instant until, Instant now) {
  return std::max<std::int64_t>(0, std::chrono::ceil<Milliseconds>(until - now).count());
}

Value Workspaces::leases_status(Instant now) const {
  Value::Array rows;
  for (const auto& lease : leases_.all())
    rows.push_back(Value::Map{{"name", lease.name}, {"server", lease.server}, {"holder", lease.holder}, {"expires_in_ms", left_ms(lease.until, now)}});
  return rows;
}

Value Workspaces::workspace_status(const std::string& server, Instant now) const {
  auto found = places_.find(server);
  if (found == places_.end()) return Value::Map{{"dirty", false}};
  const auto& place = found->second;
  Value status = Value::Map{{"dirty", dirty(place)}, {"saving", place.running}, {"pending", journal_.pending(server)}};
  if (place.last) {
    status.set("name", place.last->name);
    status.set("generation", place.last->generation);
    status.set("saved_at", rfc3339({place.saved_at}));
  }
  auto due = place.debounce.due() ? place.debounce.due() : place.retry.due();
  if (due) status.set("due_in_ms", left_ms(*due, now));
  if (place.held) status.set("held", true);
  if (!place.trouble.empty()) status.set("trouble", place.trouble);
  return status;
}

Value Workspaces::servers_status(Instant now) const {
  Value::Array rows;
  for (const auto& [server, place] : places_) {
    auto row = workspace_status(server, now);
    row.set("server", server);
    rows.push_back(std::move(row));
  }
  return rows;
}

Value problem_of(const char* code, const std::string& text, const char* cure) {
  return Value::Map{{"code", code}, {"text", text}, {"cure", cure}};
}

Value Workspaces::problems() const {
  Value::Array rows;
  for (const auto& [server, place] : places_)
    if (!place.trouble.empty())
      rows.push_back(problem_of("save_failed", place.trouble, save_failed_cure));
  return rows;
}

}  // namespace kra
