#include "engine/backoff.hpp"

#include <algorithm>

namespace kra {

void Backoff::failed(Instant now) {
  ++failures_;
  due_ = now + next_;
  next_ = std::min(next_ * 2, longest_);
}

void Backoff::succeeded() {
  failures_ = 0;
  next_ = first_;
  due_ = std::nullopt;
}

bool Backoff::ring(Instant now) {
  if (!due_ || *due_ > now) return false;
  due_ = std::nullopt;
  return true;
}

}  // namespace kra
