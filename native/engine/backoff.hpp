// When to try again after a failure: after `first`, then twice as long each time, at most `longest`.
#pragma once

#include <optional>

#include "base/clock.hpp"

namespace kra {

class Backoff {
 public:
  Backoff(Milliseconds first, Milliseconds longest) : first_(first), longest_(longest), next_(first) {}

  // `spread`, from 0 to 1, takes up to a quarter of the wait away, so that many who failed together do not come back together.
  void failed(Instant now, double spread = 0);
  void retime(Milliseconds first, Milliseconds longest);
  void succeeded();
  int failures() const { return failures_; }
  std::optional<Instant> due() const { return due_; }
  // True when it is time to try again; the try is to be reported by failed() or succeeded().
  bool ring(Instant now);

 private:
  Milliseconds first_, longest_, next_;
  int failures_ = 0;
  std::optional<Instant> due_;
};

}  // namespace kra
