// Waits for quiet, but not for ever.
//
//   events   x  x x      x
//   quiet           [---- 20 s ----]> rings
//   max_wait [------------- 120 s -------------]> rings at the latest here
//
// A value: the caller tells the time, and arms one timer at due().
#pragma once

#include <optional>

#include "base/clock.hpp"

namespace kra {

class Debounce {
 public:
  Debounce() = default;
  Debounce(Milliseconds quiet, Milliseconds max_wait) : quiet_(quiet), max_wait_(max_wait) {}

  // Something happened: due is put off by `quiet`, at most to `max_wait` after the first poke since the last ring.
  void poke(Instant now);
  // Due at once.
  void hurry(Instant now);
  std::optional<Instant> due() const { return due_; }
  // True when it was due; then it rests until the next poke.
  bool ring(Instant now);
  void rest() { first_ = due_ = std::nullopt; }
  // Other times from now on; what is already due is not put off.
  void retime(Milliseconds quiet, Milliseconds max_wait);

 private:
  Milliseconds quiet_{20'000}, max_wait_{120'000};
  std::optional<Instant> first_, due_;
};

}  // namespace kra
