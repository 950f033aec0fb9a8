// Work trees that are synced by themselves (`kra sync start`): one after the other on a lane of their own, so that a slow network never delays a save.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/settings_file.hpp"
#include "engine/metrics.hpp"
#include "engine/sync_run.hpp"

namespace kra {

class Syncs {
 public:
  Syncs(Loop& loop, SettingsFile& settings, Metrics& metrics, Disk& disk, const Paths& paths);

  // What is scheduled is read again.
  void reload();
  // The running one is asked to end, which it does at its next step; none begins any more.
  void stop();

  std::optional<Instant> due() const;
  void ring(Instant now);
  // A root is scheduled, or synced right now: the daemon stays.
  bool busy() const { return !stopped_ && (!roots_.empty() || running_); }
  bool running() const { return running_; }

 private:
  SyncDecision decision_for(const std::string& root) const;

  std::optional<Lane> lane_;
  SettingsFile& settings_;
  Metrics& metrics_;
  Disk& disk_;
  const Paths& paths_;
  std::vector<std::string> roots_;
  std::set<std::string> started_;  // that had their first sync since we run
  std::optional<Instant> due_;
  bool running_ = false, stopped_ = false;
};

}  // namespace kra
