// Brings a work tree and its remote together while others write into it.
//
//   lock -> recover -> scan -> { fetch, merge in the store, push } until nobody was faster -> snapshot -> apply by compare-and-swap
//        -> base, branch, index -> look at the slots
//
// Everything that can fail or block comes before the first byte of the work tree is touched. Where each path came from (its base) is kept in
// the store, so a path that could not be written is merged again next time and never looks like a change of the user's. The algorithm is that
// of three trees (base, work, remote), as file synchronisers have it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/sync_merge.hpp"
#include "engine/sync_record.hpp"
#include "engine/sync_writers.hpp"
#include "model/config.hpp"

namespace kra {

struct SyncRequest {
  std::string reason = "manual";  // startup, scheduled, threshold, exit
  bool pull = true, push = true;
  bool plan = false;              // says what would be written, writes nothing
  bool confirmed = false;         // what a guard would hold may go
  Milliseconds network{60'000};   // for each step over the network
  SyncWriters* writers = nullptr;  // who is asked and told when files are written
  bool unattended() const { return reason != "manual"; }
};

struct SyncReport {
  // synced: something moved. nothing: all was the same. pending: done but for the paths in `left`. waiting: kept on the device's own reference.
  // queued: one at the exit that did not end in time. held: somebody must decide. offline, access, hook, quota, failed: the remote's trouble; nothing was written here.
  std::string state = "nothing";
  std::string why;
  std::uint64_t pushed = 0, pulled = 0;  // files
  std::string commit, snapshot;
  struct Path {
    std::string path, why;
    template <class Self, class Visit>
    static void fields(Self& self, Visit visit) {
      visit("path", self.path);
      visit("why", self.why);
    }
  };
  std::vector<Path> left;     // not written here yet
  std::vector<Path> held;     // not pushed
  std::vector<Path> large;    // pushed, and large for a repository; `why` is the size
  std::vector<Path> writes;   // of a plan: what would be written here, and how
  std::vector<Path> pushes;   // of a plan: what would be pushed
  std::vector<Path> wrote;    // what was written here
  std::vector<ConflictRecord> conflicts;  // new ones
  std::uint64_t failures = 0;             // that in a row could not reach the remote
  std::int64_t at = 0, duration_ms = 0, rounds = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("state", self.state);
    visit("why", self.why);
    visit("pushed", self.pushed);
    visit("pulled", self.pulled);
    visit("commit", self.commit);
    visit("snapshot", self.snapshot);
    visit("left", self.left);
    visit("held", self.held);
    visit("large", self.large);
    visit("writes", self.writes);
    visit("pushes", self.pushes);
    visit("wrote", self.wrote);
    visit("conflicts", self.conflicts);
    visit("failures", self.failures);
    visit("at", self.at);
    visit("duration_ms", self.duration_ms);
    visit("rounds", self.rounds);
  }
};

// The repository must be enabled (read_record). Errors only where nothing could be found out; how it went is in the report, which is also kept
// for last_report().
Result<SyncReport> sync_tree(SyncStore& store, const SyncRecord& record, const std::string& device, const SyncRequest& request, const Settings& settings,
                             const Patience& patience);
std::optional<SyncReport> last_report(Disk& disk, const Paths& paths, const std::string& root);

// The user chose a side of a conflict. The work tree gets it (conflict: the file is no longer either side), and the conflict is forgotten.
enum class Choice { ours, theirs, both };
Result<void> take_side(SyncStore& store, const ConflictRecord& conflict, Choice choice, const Patience& patience);

}  // namespace kra
