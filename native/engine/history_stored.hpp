// For engine/history*.cpp only.
#pragma once

#include "engine/history.hpp"

namespace kra {

struct History::Stored {
  std::uint64_t generation = 0;
  Counts counts;
  std::string body;
};

inline const Counts& counts_of(const History::Stored& stored) { return stored.counts; }
inline Counts counts_of(const Generation& generation) { return count(generation.workspace); }
inline bool is_empty(const Counts& counts) { return counts.sessions == 0 && counts.editors == 0; }

// How long a small change (a name, a mark) waits for a save that is under way.
constexpr Milliseconds lock_patience{5000};

}  // namespace kra
