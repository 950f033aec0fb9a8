#include "engine/debounce.hpp"

#include <algorithm>

namespace kra {

void Debounce::poke(Instant now) {
  if (due_ && *due_ <= now) return;
  if (!first_) first_ = now;
  due_ = std::min(now + quiet_, *first_ + max_wait_);
}

void Debounce::hurry(Instant now) {
  if (!first_) first_ = now;
  due_ = due_ ? std::min(*due_, now) : now;
}

bool Debounce::ring(Instant now) {
  if (!due_ || *due_ > now) return false;
  rest();
  return true;
}

void Debounce::retime(Milliseconds quiet, Milliseconds max_wait) {
  quiet_ = quiet;
  max_wait_ = max_wait;
  if (due_) due_ = std::min(*due_, *first_ + max_wait_);
}

}  // namespace kra
