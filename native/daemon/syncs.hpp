// Work trees that are synced by themselves (`kra sync start`): one after the other on a lane of their own, so that a slow network never delays a save.
// What the watcher tells of them, who comes and goes and how the last one ended decides when (engine/sync_decide.hpp).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/loop_call.hpp"
#include "daemon/notices.hpp"
#include "daemon/reply.hpp"
#include "daemon/settings_file.hpp"
#include "daemon/watching.hpp"
#include "daemon/workspaces.hpp"
#include "engine/metrics.hpp"
#include "engine/sync_run.hpp"

namespace kra {

class Syncs {
 public:
  struct Parts {
    Server& clients;
    SettingsFile& settings;
    Watching& watching;
    Notices& notices;
    Metrics& metrics;
    Disk& disk;
    const Paths& paths;
    std::function<std::vector<TmuxServer>()> servers;  // that are told of trouble
  };
  Syncs(Loop& loop, Parts parts);

  // What is scheduled is read again.
  void reload();
  // A sync or a snapshot that somebody waits for, of a root that is scheduled: what is remembered here of its tree makes it quick. `ran` is false
  // where he does it as well himself: another root, one that is busy, another environment.
  void sync_now(Client& client, const Value& param, Reply reply);
  void snapshot_now(Client& client, const Value& param, Reply reply);
  // Whether an editor is connected or somebody looks at a tmux server: the first who comes and the last who goes start a sync.
  void attended(bool somebody);
  void apply_settings();
  // The running one is asked to end, which it does at its next step; none begins any more.
  void stop();

  std::optional<Instant> due() const;
  void ring(Instant now);
  // A root is scheduled, or synced right now: the daemon stays.
  bool busy() const { return !stopped_ && (!roots_.empty() || running()); }
  bool running() const { return !running_.empty(); }

  // One row for each scheduled root.
  Value status() const;
  void add_problems(Value::Array& problems) const;

 private:
  // What has changed and is not synced yet.
  struct Dirt {
    std::map<std::string, std::uint64_t> sizes;  // by path, at most `most`
    std::uint64_t more = 0;
    std::int64_t since = 0, last = 0;
    static constexpr std::size_t most = 10'000;
    void add(const std::string& path, std::uint64_t size, WallTime now);
    void add(const Dirt& other);
    std::uint64_t bytes() const;
  };
  // What the lane keeps of a root, and how it learns where something has happened.
  struct Kept : ChangeFeed {
    Kept(LoopCalls& asks, Watching& watches, std::string path) : calls(asks), watching(watches), root(std::move(path)) {}
    Changes changes() override;
    std::set<std::string> watched() override;
    std::string below_root(const std::string& path) const;
    LoopCalls& calls;
    Watching& watching;
    const std::string root;
    std::stop_token stop;  // of the job that runs
    KeptStore store{*this};
  };
  struct Root {
    std::shared_ptr<Kept> kept;
    std::optional<Instant> hang_up;  // the gits of `kept` wait for a question until then
    bool started = false;   // that had its first sync since we run
    bool complete = false;  // nothing that changed since the last sync is missing in `dirt`
    std::string wanted;     // reason that an event gave
    Dirt dirt, taken;       // taken: by the sync that runs
    std::int64_t polled_at = 0;
    std::int64_t not_before = 0;  // it could not even begin; WallTime
    bool remote_moved = false;
    std::string told;       // state of which the user was told last
    std::string trouble, cure;
  };

  SyncFacts facts_for(const std::string& name, const Root& root) const;
  SyncDecision decision_for(const std::string& name, const Root& root) const;
  void heard(const std::string& name, const std::string& path, std::uint64_t size, const std::string& writer);
  void plan();
  Root* free_root(const Value& param);
  void begin_sync(const std::string& name, Root& root, SyncRequest request, Instant until, std::optional<Reply> asked = {});
  void end_sync(const std::string& name, const Result<SyncReport>& report, const std::optional<Reply>& asked);
  void begin_hang_up(const std::string& name, Root& root);
  void begin_poll(const std::string& name);
  void tell(const std::string& name, Root& root, const SyncReport& report);

  Parts parts_;
  LoopCalls calls_;
  std::optional<Lane> lane_;
  std::map<std::string, Root> roots_;
  std::string running_;               // the root that is synced or asked for
  std::optional<Instant> due_;
  std::optional<Instant> exit_until_;  // syncs for the last who has gone end by then
  bool attended_ = false, stopped_ = false;
};

}  // namespace kra
