// Unsaved text, as the daemon takes it in: records into each editor's journal at once, synced in groups on a lane of their own; who lives, who is
// silent; what could not go where it belongs.
//
//   draft -> privacy -> journal (or the second place) -> answer; later, at most once a second, fdatasync
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/reply.hpp"
#include "daemon/settings_file.hpp"
#include "engine/backoff.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"
#include "engine/group_commit.hpp"
#include "engine/metrics.hpp"
#include "engine/privacy.hpp"

namespace kra {

class DraftDesk {
 public:
  DraftDesk(Loop& loop, Server& clients, SettingsFile& settings, Disk& disk, const Paths& paths);

  // The methods of the protocol.
  void draft(Client& client, const Value& param, Reply reply);
  void drafts(Client& client, const Value& param, Reply reply);
  void take(Client& client, const Value& param, Reply reply);
  void end(Client& client, const Value& param, Reply reply);
  void forget(const std::string& path, Reply reply);
  void heartbeat(Client& client, const Value& param);
  void files(Client& client, const Value& param);

  void client_gone(Client& client);
  void apply_settings();
  // Everything that is not on the disk is to be there soon: the daemon ends.
  void sync_all();

  std::optional<Instant> due() const;
  void ring(Instant now);
  // The turn of the loop ends: the journals that it added to are free for others.
  void rest();
  bool busy() const;

  Value status(Instant now) const;
  void add_problems(Value& problems) const;

 private:
  struct Journal {
    explicit Journal(DraftAppender a) : appender(std::move(a)) {}
    DraftAppender appender;
    GroupCommit commit;
    std::uint64_t last_seq = 0;      // that went through here
    std::set<std::string> excluded;  // buffers that may not be kept
    std::uint64_t added = 0;         // bytes since it was looked at for folding
    bool compacting = false;
    bool texts = false;  // a record came that names a text beside the journal
    std::vector<std::pair<Reply, Value>> waiting;  // for the next sync
  };
  // What a connected editor tells about itself.
  struct Told {
    std::string client;
    std::int64_t unsaved = 0, bytes = 0, oldest_ms = 0;
    Value excluded;
    Instant at;
    std::set<std::string> files;
    bool abandoned = false;
  };
  struct Incoming;

  Journal& journal_of(const std::string& client);
  bool may_keep(Journal& journal, const DraftFrame& frame, std::set<std::string>& refused);
  void sync(const std::string& client, Journal& journal, Instant now);
  void synced(const std::string& client, bool ok);
  void compact(const std::string& client, Journal& journal);
  void let_go_of(const std::string& client);
  void ring_retry(Instant now);
  void ring_heartbeats(Instant now);
  void ring_expiry(Instant now);
  void set_trouble(const std::string& trouble, const char* code, Instant now);
  void tell_editors(const char* method, const Value& data, std::uint64_t but);
  Value editors_with(const std::string& path, std::uint64_t but) const;
  std::set<std::string> silent(Instant now) const;
  template <class Job>
  void on_lane(Job job, Reply reply);

  Server& clients_;
  SettingsFile& settings_;
  Disk& disk_;
  const Paths& paths_;
  Privacy privacy_;
  std::map<std::string, std::unique_ptr<Journal>> journals_;
  std::set<std::string> held_;  // clients whose journals were added to in this turn of the loop
  std::set<std::string> gone_;  // clients whose journals are to be closed once they are on the disk
  std::map<std::uint64_t, Told> told_;
  std::string trouble_, trouble_code_;
  Backoff retry_{Milliseconds(1000), Milliseconds(60'000)};
  Instant next_expiry_;
  bool looked_after_ = false;  // homeless journals and the reserve, once work began
  std::uint64_t privacy_count_ = 0;
  Lane lane_;
};

}  // namespace kra
