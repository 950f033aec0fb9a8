// The tmux servers that the daemon keeps: events make a server dirty, quiet makes it due, a save makes it clean. Saves run on the lane, one
// after the other; the editors of a server are asked for their state first, all at once.
//
//   event -> journal -> debounce … rings -> editors answer (500 ms at most) -> lane -> journal, metrics, answers
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/reply.hpp"
#include "daemon/settings_file.hpp"
#include "engine/backoff.hpp"
#include "engine/debounce.hpp"
#include "engine/event_journal.hpp"
#include "engine/lease.hpp"
#include "engine/metrics.hpp"
#include "engine/save.hpp"
#include "engine/throttle.hpp"

namespace kra {

// kra::save, or what a test puts in its place. Runs on the lane.
using SaveFunction = Result<SaveReport> (*)(History&, Disk&, const Paths&, const TmuxServer&, const SaveRequest&, const Settings&, const Patience&);

// A problem as it is told to editors and in `status`.
Value problem_of(const char* code, const std::string& text, const char* cure);
constexpr const char* save_failed_cure = "kra doctor names what is wrong; it is tried again";

class Workspaces {
 public:
  Workspaces(Server& clients, Lane& lane, EventJournal journal, SettingsFile& settings, Metrics& metrics, Disk& disk, const Paths& paths,
             SaveFunction save_with);

  // In the journal when there is no Error. A server that has events of an earlier daemon is due as if they had come now.
  Result<void> take(const Event& event);
  void save(const std::string& server, SaveRequest request, Reply reply);
  // Saves every server that is dirty, or the one named in any case; answers when all are done.
  void flush(const std::string& server, const std::string& reason, Reply reply);
  void apply_settings();

  // Leases of connections; busy when `holder` has as many as one connection may.
  Result<std::uint64_t> grant(std::string_view name, const std::string& server, std::uint64_t holder, Milliseconds time);
  bool release(std::uint64_t lease, std::uint64_t holder);
  void client_gone(std::uint64_t id);

  std::optional<Instant> due() const;
  void ring(Instant now);
  // Something is to be saved, or held by a lease.
  bool busy() const;
  bool saving() const;
  // Somebody looked at one of the servers when it was saved last.
  bool attended() const;
  // All that have not ended.
  std::vector<TmuxServer> servers() const;

  const EventJournal& journal() const { return journal_; }
  void close_journal() { (void)journal_.compact(); }
  Value leases_status(Instant now) const;
  Value servers_status(Instant now) const;
  Value workspace_status(const std::string& server, Instant now) const;
  Value problems() const;

 private:
  struct Job {
    SaveRequest request;
    std::vector<Reply> replies;
    bool automatic = false;
  };
  struct Place {
    TmuxServer server;
    Debounce debounce;
    Backoff retry{Milliseconds(1000), Milliseconds(60'000)};
    Throttle thinning{std::chrono::hours(1)};
    bool gone = false;  // the server has ended
    bool held = false;  // due, but a lease forbids it
    std::deque<Job> jobs;
    bool running = false;
    std::set<std::uint64_t> awaited;  // editors that have not answered
    std::uint64_t round = 0;          // of questions to editors
    std::optional<Instant> answers_until;
    std::uint64_t lease = 0;
    std::optional<SaveReport> last;
    std::int64_t saved_at = 0;
    bool attended = false;
    std::string trouble;
  };

  Place& place_of(const std::string& server);
  void add(Place& place, Job job);
  void add_automatic(Place& place, const std::string& reason, Reply reply);
  void begin(Place& place);
  void ask_editors(Place& place);
  void take_state(const std::string& server, std::uint64_t editor, std::uint64_t round, Result<Value> state);
  void run_job(Place& place);
  void finish(Place& place, Result<SaveReport> outcome);
  void pace(Place& place);
  void measure(bool ok, std::int64_t duration_ms);
  void failed(Place& place, const Error& error, bool automatic);
  void ended(Place& place);
  void drop_if_gone(const Place& place);
  Place* find_place(const std::string& socket);
  void lease_ended(const Lease& lease);
  std::vector<ConnectedEditor> editors_of(Place& place);
  void tell_editors(const Place& place, const char* method, const Value& data);
  bool dirty(const Place& place) const;

  Server& clients_;
  Lane& lane_;
  EventJournal journal_;
  SettingsFile& settings_;
  Metrics& metrics_;
  Disk& disk_;
  const Paths& paths_;
  SaveFunction save_;
  Leases leases_;
  std::map<std::string, Place> places_;
};

}  // namespace kra
