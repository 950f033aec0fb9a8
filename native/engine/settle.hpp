// When a file that is being changed may be looked at, and what happened to it all in all. A value: told events and the time, it never sleeps.
//
//   closed after writing, moved in      at once; a new file a moment later, since it may be a temporary one that is about to be moved
//   written to and still open           after a quiet time; with a hard cap, so that a steady writer is seen too
//   gone                                after the delay of deletions: there again before that, it was modified
//   moved                               as gone; when it stays away, a rename. A file that was made just before (a temporary one) is only its new name
//   while git holds index.lock          all of that root waits until it lets go, at most `git_cap`
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace kra {

enum class ChangeKind : std::uint8_t { modify, create, remove, rename };
const char* name_of(ChangeKind kind);  // "modify" "create" "delete" "rename"

struct SettledChange {
  ChangeKind kind = ChangeKind::modify;
  std::string path;
  std::string from;  // of a rename
  std::string root;
  bool of_git = false;   // it happened while git held its lock
  bool open = false;     // its writer has not closed it
  friend bool operator==(const SettledChange&, const SettledChange&) = default;
};

class Settle {
 public:
  struct Times {
    Milliseconds birth{20}, quiet{50}, cap{250}, delete_delay{100}, git_cap{2000}, git_longest{60'000};
  };
  Settle() = default;
  explicit Settle(const Times& times) : times_(times) {}
  void retime(Milliseconds delete_delay) { times_.delete_delay = delete_delay; }

  // `known`: the file was there before this event. `root`: the work tree that it belongs to; empty outside any.
  void closed(const std::string& path, const std::string& root, bool known, Instant now);
  void touched(const std::string& path, const std::string& root, bool known, Instant now);
  void gone(const std::string& path, const std::string& root, Instant now);
  // Somebody works with that file: made just now or not, it is no temporary one.
  void in_use(const std::string& path);
  // `known`: there was a file under the new name.
  void moved(const std::string& from, const std::string& to, const std::string& root, bool known, Instant now);
  // git took or let go of the root's index.lock.
  void git(const std::string& root, bool holds, Instant now);

  bool git_at_work(const std::string& root, Instant now) const;
  // It holds its lock, however long what it changes is waited for; a lock that nobody takes away does not count for ever.
  bool git_holds(const std::string& root, Instant now) const;
  // Something about this file has not settled: what is read of it now may be half a state.
  bool unsettled(const std::string& path) const { return pending_.count(path) > 0; }
  // Somebody writes to it and has not closed it.
  bool open(const std::string& path) const {
    auto found = pending_.find(path);
    return found != pending_.end() && found->second.open;
  }
  std::optional<Instant> due() const;
  // What has settled, by path.
  std::vector<SettledChange> ring(Instant now);

 private:
  struct Pending {
    std::string root;
    bool was = false;         // before the first event
    bool is = false;          // after the last one
    bool of_git = false, open = false;
    Instant first, due;
    std::string from, to;     // two halves of a rename name each other
  };
  Pending& pending(const std::string& path, const std::string& root, bool known, Instant now);
  void part(const std::string& path, Instant now);
  void settle_by(Pending& pending, Instant due);
  bool waits(const Pending& pending, Instant now) const;
  std::optional<SettledChange> outcome(const std::string& path, const Pending& pending) const;

  Times times_;
  std::map<std::string, Pending> pending_;
  std::map<std::string, Instant> git_until_;  // by root
  std::map<std::string, Instant> young_;      // files told as made, until when a move counts as their making
  std::optional<Instant> due_;                // no later than the first of all
};

}  // namespace kra
