// An flock on a file that is never deleted: dies with its process, needs no time limit, survives SIGKILL.
// What is written in the file is for messages only.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace kra {

class Lock {
 public:
  // Waits as long as the patience lasts; Fault::busy names the holder.
  static Result<Lock> take(const std::string& path, const Patience& patience);
  // Together with others who share it; whoever takes it for himself waits for all of them.
  static Result<Lock> share(const std::string& path, const Patience& patience);
  // The lock, or nothing when another holds it.
  static Result<std::optional<Lock>> try_take(const std::string& path);
  // A lock whose descriptor was inherited.
  static Lock adopt(int fd) { return Lock(Fd(fd)); }

  int fd() const { return fd_.get(); }

  // Others may have it, until wake(); children that hold the descriptor do not hold the lock meanwhile, and do again afterwards.
  void rest();
  // Waits as take() does. False: another had it since.
  Result<bool> wake(const Patience& patience);

 private:
  explicit Lock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  std::string mark_;  // what rest() wrote into the file: whoever takes it for himself writes something else
};

}  // namespace kra
