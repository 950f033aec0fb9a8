#include "engine/backoff.hpp"

#include <algorithm>

namespace kra {

void Backoff::failed(Instant now, double spread) {
  ++failures_;
  due_ = now + next_ - Milliseconds(static_cast<std::int64_t>(static_cast<double>(next_.count()) * 0.25 * std::clamp(spread, 0.0, 1.0)));
  next_ = std::min(next_ * 2, longest_);
}

void Backoff::retime(Milliseconds first, Milliseconds longest) {
  first_ = first;
  longest_ = std::max(first, longest);
  next_ = std::clamp(next_, first_, longest_);
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
