// When to sync a file that gets many small records: soon after the first one, at most once an interval, never when nothing is new.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.hpp"

namespace kra {

class GroupCommit {
 public:
  // Something was added.
  void poke(Instant now) {
    dirty_ = true;
    if (due_) return;
    due_ = now + quiet;
    if (last_) due_ = std::max(*due_, *last_ + interval);
  }
  // Somebody waits for it.
  void hurry(Instant now) {
    if (dirty_) due_ = now;
  }
  std::optional<Instant> due() const { return syncing_ ? std::nullopt : due_; }
  // True: sync now, and tell by done() how it went. What is added meanwhile belongs to the next one.
  bool ring(Instant now) {
    if (syncing_ || !due_ || *due_ > now) return false;
    due_.reset();
    dirty_ = false;
    syncing_ = true;
    last_ = now;
    return true;
  }
  void done(bool ok, Instant now) {
    syncing_ = false;
    if (!ok) poke(now);
  }
  // Something is not known to be on the disk.
  bool pending() const { return dirty_ || syncing_; }

  static constexpr Milliseconds interval{1'000}, quiet{200};

 private:
  bool dirty_ = false, syncing_ = false;
  std::optional<Instant> due_, last_;
};

}  // namespace kra
