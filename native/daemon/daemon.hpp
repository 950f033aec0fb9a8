// The daemon: all parts put together, from the first connection to the last.
#pragma once

#include <string>
#include <vector>

#include "daemon/router.hpp"
#include "os/lock.hpp"

namespace kra {

class Daemon {
 public:
  // `lock` is the daemon's, and held as long as this lives.
  Daemon(Lock lock, Fd listener, EventJournal journal, Disk& disk, const Paths& paths, SaveFunction save);
  // Returns when nothing is left to do, when somebody asked, or on SIGTERM, SIGHUP or SIGINT; what was pending is saved or in the journal.
  void run();

 private:
  void before_wait();
  void ring();
  void begin_stop(Reply reply, const char* reason);
  bool may_end(Instant now) const;
  bool is_idle();
  bool is_attended();
  void end();
  void keep_figures(Instant now);
  std::optional<Instant> due();

  Lock lock_;
  Disk& disk_;
  const Paths& paths_;
  Loop loop_;
  Lane saves_;
  SettingsFile settings_;
  Metrics metrics_;
  Server server_;
  Watching watching_;
  Workspaces workspaces_;
  DraftDesk desk_;
  Notices notices_;
  Syncs syncs_;
  SyncTurns turns_;
  Router router_;
  Alarm alarm_;
  BeforeWait before_wait_;
  Signal term_, hangup_, interrupt_;

  Milliseconds idle_time_;
  std::optional<Instant> idle_until_;  // ends then, if nobody comes
  std::optional<Instant> stop_until_;  // stopping: ends then at the latest
  std::vector<Reply> stop_replies_;
  const char* stop_reason_ = "idle";
  Instant next_metrics_;  // kept then, when something else wakes us
};

}  // namespace kra
