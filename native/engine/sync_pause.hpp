// Writers that are in the middle of a change of several files, and the apply of a sync that waits for them: an flock that they share, and pauses with
// a time at which they end by themselves. It waits at most as long as it is told, then goes on file by file.
#pragma once

#include <string>
#include <vector>

#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

// For the bracket of a writer (`kra hold`): as long as it lives, no apply begins.
Result<Lock> hold_tree(Disk& disk, const Paths& paths, const std::string& root, const Patience& patience);

// Why somebody is in the middle of a change; empty when nobody is.
std::string held_by(Disk& disk, const Paths& paths, const std::string& root);

struct Pause {
  std::string id, reason;
  std::int64_t until = 0;  // WallTime
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("id", self.id);
    visit("reason", self.reason);
    visit("until", self.until);
  }
};
Result<Pause> pause_tree(Disk& disk, const Paths& paths, const std::string& root, Milliseconds time, const std::string& reason);
// That one, or all when the id is empty; how many there were.
Result<std::uint64_t> resume_tree(Disk& disk, const Paths& paths, const std::string& root, const std::string& id);
// Those that have not run out.
std::vector<Pause> pauses_of(Disk& disk, const std::string& directory);

// The turn of an apply: new holders wait until it has ended. Says in GIT/kra/pause, for scripts that only know files, that it is under way ("PID SECONDS
// sync"), and waits a moment for those of them that said with GIT/kra/writers/PID that they look there: until that file says the same, or they have ended.
class ApplyTurn {
 public:
  static ApplyTurn wait(Disk& disk, const std::string& directory, const std::string& git, Milliseconds at_most, const std::stop_token& stop);
  ApplyTurn(ApplyTurn&& other) noexcept : disk_(other.disk_), lock_(std::move(other.lock_)), file_(std::exchange(other.file_, {})) {}
  ApplyTurn& operator=(ApplyTurn&&) = delete;
  ~ApplyTurn();

 private:
  explicit ApplyTurn(Disk& disk) : disk_(&disk) {}
  Disk* disk_;
  std::optional<Lock> lock_;
  std::string file_;
};

}  // namespace kra
