// Whether the other side still lives, judged by when it was last heard. Its connection tells of its death, this tells of one that is stopped
// or stuck. Who holds unsaved work owes a beat from time to time, and only then is there anything to wait for.
#pragma once

#include <optional>

#include "base/clock.hpp"

namespace kra {

class Heartbeat {
 public:
  Heartbeat(Milliseconds abandoned_after, Instant now) : abandoned_after_(abandoned_after), heard_(now) {}

  // It was heard.
  void beat(Instant now) {
    heard_ = now;
    asked_ = false;
  }
  // It was asked something, and owes an answer from now on.
  void ask() { asked_ = true; }
  // Asked, and not heard for too long.
  bool abandoned(Instant now) const { return asked_ && now - heard_ >= abandoned_after_; }
  // It holds something unsaved, or not any more: from now on it is to be heard within the set time.
  void expect(bool unsaved) { expected_ = unsaved; }
  // Expected, and not heard for too long.
  bool missed(Instant now) const { return expected_ && now - heard_ >= abandoned_after_; }
  // When it will have been missed; nothing while nothing is expected.
  std::optional<Instant> due() const { return expected_ ? std::optional<Instant>(heard_ + abandoned_after_) : std::nullopt; }
  void retime(Milliseconds abandoned_after) { abandoned_after_ = abandoned_after; }
  Milliseconds silent_for(Instant now) const { return std::chrono::duration_cast<Milliseconds>(now - heard_); }

 private:
  Milliseconds abandoned_after_;
  Instant heard_;
  bool asked_ = false, expected_ = false;
};

}  // namespace kra
