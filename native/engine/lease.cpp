#include "engine/lease.hpp"

#include <algorithm>

namespace kra {

bool is_lease_name(std::string_view name) {
  return name == load_in_progress || name == save_in_progress || name == kill_in_progress;
}

std::uint64_t Leases::grant(std::string_view name, std::string_view server, std::uint64_t holder, Milliseconds time, Instant now) {
  leases_.push_back({next_, std::string(name), std::string(server), holder, now + time});
  return next_++;
}

template <class Ends>
std::vector<Lease> Leases::take_out(Ends ends) {
  auto kept = std::stable_partition(leases_.begin(), leases_.end(), [&](const Lease& lease) { return !ends(lease); });
  std::vector<Lease> ended(std::make_move_iterator(kept), std::make_move_iterator(leases_.end()));
  leases_.erase(kept, leases_.end());
  return ended;
}

std::optional<Lease> Leases::release(std::uint64_t id, std::uint64_t holder) {
  auto ended = take_out([&](const Lease& lease) { return lease.id == id && lease.holder == holder; });
  if (ended.empty()) return std::nullopt;
  return std::move(ended.front());
}

std::vector<Lease> Leases::drop_holder(std::uint64_t holder) {
  return take_out([&](const Lease& lease) { return lease.holder == holder; });
}

std::optional<Instant> Leases::due() const {
  std::optional<Instant> first;
  for (const auto& lease : leases_)
    if (!first || lease.until < *first) first = lease.until;
  return first;
}

std::vector<Lease> Leases::ring(Instant now) {
  return take_out([&](const Lease& lease) { return lease.until <= now; });
}

std::size_t Leases::count_of(std::uint64_t holder) const {
  return static_cast<std::size_t>(std::count_if(leases_.begin(), leases_.end(), [&](const Lease& lease) { return lease.holder == holder; }));
}

bool Leases::held(std::string_view name, std::string_view server) const {
  return std::any_of(leases_.begin(), leases_.end(), [&](const Lease& lease) { return lease.name == name && lease.server == server; });
}

bool Leases::forbids_autosave(std::string_view server) const {
  return held(load_in_progress, server) || held(kill_in_progress, server);
}

}  // namespace kra
