// At most once in an interval, and never too few: what comes too early is done once when the interval is over.
#pragma once

#include <optional>

#include "base/clock.hpp"

namespace kra {

class Throttle {
 public:
  explicit Throttle(Milliseconds interval) : interval_(interval) {}

  // True: do it now. False: it becomes due when the interval is over.
  bool poke(Instant now);
  std::optional<Instant> due() const { return due_; }
  // True when something that came too early is to be done now.
  bool ring(Instant now);

 private:
  Milliseconds interval_;
  std::optional<Instant> last_, due_;
};

}  // namespace kra
