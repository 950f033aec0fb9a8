// Leases: what is under way in a tmux server, for which others wait. A lease ends when it is given back, when its time is over, or with the
// connection that holds it, so no crash leaves one behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace kra {

constexpr std::string_view load_in_progress = "LoadInProgress";
constexpr std::string_view save_in_progress = "AutoSaveInProgress";
constexpr std::string_view kill_in_progress = "ServerKillInProgress";
bool is_lease_name(std::string_view name);

struct Lease {
  std::uint64_t id = 0;
  std::string name;
  std::string server;        // tmux socket
  std::uint64_t holder = 0;  // connection; 0: ourselves
  Instant until;
};

class Leases {
 public:
  std::uint64_t grant(std::string_view name, std::string_view server, std::uint64_t holder, Milliseconds time, Instant now);
  // The lease that ended; nothing when there is none of that number (any more), or another holds it.
  std::optional<Lease> release(std::uint64_t id, std::uint64_t holder);
  // Those of a connection that has ended.
  std::vector<Lease> drop_holder(std::uint64_t holder);
  // The earliest end.
  std::optional<Instant> due() const;
  // Those whose time is over.
  std::vector<Lease> ring(Instant now);

  std::size_t count_of(std::uint64_t holder) const;
  bool held(std::string_view name, std::string_view server) const;
  // An automatic save would see half a workspace, or a dying one.
  bool forbids_autosave(std::string_view server) const;
  const std::vector<Lease>& all() const { return leases_; }

 private:
  template <class Ends>
  std::vector<Lease> take_out(Ends ends);
  std::uint64_t next_ = 1;
  std::vector<Lease> leases_;
};

}  // namespace kra
