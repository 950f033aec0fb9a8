// The journal of events: what was acknowledged leads to a save, also after SIGKILL. An event is in the file before its sender is answered; the
// same (client, seq) counts once, over any number of deaths of the daemon.
//
// Two files take turns. Each begins with a base record (number of the turn, what is pending, the last seq of each client), followed by
// what happened since; the file with the higher turn whose base is whole counts. So the journal never grows beyond a limit, and
// at every moment one file is right. Nothing here is synced: a power cut ends the tmux servers as well.
// One process writes at a time: the one that holds the daemon's lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/disk.hpp"
#include "wire/messages.hpp"

namespace kra {

class EventJournal {
 public:
  // Reads what an earlier daemon left; a torn end is cut off. A disk that cannot be written shows with the first event.
  static EventJournal open(Disk& disk, std::string path, std::string other_path);

  // True: new, and in the file. False: known already, nothing changed. After an Error the event is pending (a save is due), but the sender
  // is to be told that it may be lost with us.
  Result<bool> accept(const Event& event);

  // A save of that server begins: what is pending now is what it covers.
  void begin(const std::string& server);
  // It ended. Written: what it covered is done. Not: that is pending again.
  Result<void> finish(const std::string& server, bool written);
  // Nothing of that server is pending any more: it has ended.
  Result<void> forget(const std::string& server);

  // Events that no finished save covers.
  std::uint64_t pending(const std::string& server) const;
  std::uint64_t pending() const;
  std::vector<std::string> pending_servers() const;
  // Since the journal was first made.
  std::uint64_t accepted() const { return accepted_; }

  struct Sender {
    std::uint64_t seq = 0;    // the last one
    std::uint64_t count = 0;  // events of this sender that were accepted
    std::uint64_t at = 0;     // accepted() then
  };
  const std::map<std::string, Sender>& senders() const { return senders_; }

  // Moves to the other file when this one has grown beyond `bytes`.
  Result<void> compact(std::uint64_t bytes = 0);

 private:
  struct Pending {
    std::uint64_t waiting = 0, in_save = 0;
  };
  EventJournal(Disk& disk, std::string path, std::string other) : disk_(&disk), path_(std::move(path)), other_(std::move(other)) {}
  bool read(const std::string& path);
  bool take_base(std::string_view payload);
  void take(const Event& event);
  Result<void> write(std::uint8_t type, const Value& payload);
  Value base() const;

  Disk* disk_;
  std::string path_, other_;
  std::uint64_t turn_ = 0, size_ = 0, accepted_ = 0;
  bool torn_ = false;  // the file may end in a part of a record
  std::map<std::string, Pending> pending_;
  std::map<std::string, Sender> senders_;
};

}  // namespace kra
