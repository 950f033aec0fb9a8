// Whether the other side still lives, judged by when it was last heard. Nothing is sent and no timer is needed: its connection tells of
// its death, this tells of one that is stopped or stuck.
#pragma once

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
  Milliseconds silent_for(Instant now) const { return std::chrono::duration_cast<Milliseconds>(now - heard_); }

 private:
  Milliseconds abandoned_after_;
  Instant heard_;
  bool asked_ = false;
};

}  // namespace kra
