#include "engine/throttle.hpp"

namespace kra {

bool Throttle::poke(Instant now) {
  if (last_ && now < *last_ + interval_) {
    due_ = *last_ + interval_;
    return false;
  }
  last_ = now;
  due_ = std::nullopt;
  return true;
}

bool Throttle::ring(Instant now) {
  if (!due_ || *due_ > now) return false;
  last_ = now;
  due_ = std::nullopt;
  return true;
}

}  // namespace kra
