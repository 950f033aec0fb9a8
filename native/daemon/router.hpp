// Methods by name: what each request asks of the daemon's parts.
#pragma once

#include "daemon/draft_desk.hpp"
#include "daemon/lane.hpp"
#include "daemon/reply.hpp"
#include "daemon/sessions.hpp"
#include "daemon/settings_file.hpp"
#include "daemon/sync_turns.hpp"
#include "daemon/syncs.hpp"
#include "daemon/watching.hpp"
#include "daemon/workspaces.hpp"

namespace kra {

class Router {
 public:
  struct Parts {
    Server& clients;
    Lane& lane;
    Workspaces& workspaces;
    DraftDesk& desk;
    Syncs& syncs;
    SyncTurns& turns;
    SettingsFile& settings;
    Watching& watching;
    Metrics& metrics;
    Disk& disk;
    const Paths& paths;
    std::function<void(Reply, const char* reason)> stop;  // saves what is pending, then ends the daemon
  };
  explicit Router(Parts parts) : parts_(std::move(parts)), began_(Clock::now()) {}

  void handle(Client& client, Frame frame);

 private:
  using Handler = void (Router::*)(Client&, const Value& param, Reply);
  static Handler handler_of(std::string_view method);

  void hello(Client&, const Value&, Reply);
  void event(Client&, const Value&, Reply);
  void events(Client&, const Value&, Reply);
  void save(Client&, const Value&, Reply);
  void flush(Client&, const Value&, Reply);
  void write_files(const Value& paths, const std::string& server, Reply);
  void pin(Client&, const Value&, Reply);
  void pinned(Client&, const Value&, Reply);
  void status(Client&, const Value&, Reply);
  void lease(Client&, const Value&, Reply);
  void release(Client&, const Value&, Reply);
  void session_put(Client&, const Value&, Reply);
  void session_get(Client&, const Value&, Reply);
  void session_list(Client&, const Value&, Reply);
  void reload(Client&, const Value&, Reply);
  void metrics(Client&, const Value&, Reply);
  void draft(Client&, const Value&, Reply);
  void drafts(Client&, const Value&, Reply);
  void draft_take(Client&, const Value&, Reply);
  void draft_end(Client&, const Value&, Reply);
  void forget(Client&, const Value&, Reply);
  void heartbeat(Client&, const Value&, Reply);
  void files(Client&, const Value&, Reply);
  void measure(Client&, const Value&, Reply);
  template <void (Watching::*request)(Client&, const Value&, Reply)>
  void to_watching(Client& client, const Value& param, Reply reply) {
    (parts_.watching.*request)(client, param, reply);
  }
  template <void (SyncTurns::*request)(Client&, const Value&, Reply)>
  void to_turns(Client& client, const Value& param, Reply reply) {
    (parts_.turns.*request)(client, param, reply);
  }
  template <void (Syncs::*request)(Client&, const Value&, Reply)>
  void to_syncs(Client& client, const Value& param, Reply reply) {
    (parts_.syncs.*request)(client, param, reply);
  }
  void sync_reload(Client&, const Value&, Reply);
  void handover(Client&, const Value&, Reply);
  void stop(Client&, const Value&, Reply);

  void apply_settings();
  Value figures() const;
  Value problems() const;
  Value clients_status();
  Value editor_settings() const;
  template <class Job>
  void on_lane(Job job, Reply reply);

  Parts parts_;
  Instant began_;
};

}  // namespace kra
