// Editors and a sync that is about to write (doc/protocol.md): they say which files they are changing, hold their own writes back while it lasts, and are
// told what was written. Nobody is waited for longer than a moment, and a turn ends with the connection of its sync, or by itself.
//
//   sync_prepare -> editors: ready, or the files that are modified there -> sync_claim … sync_applied -> sync_resume
#pragma once

#include <map>
#include <set>

#include "daemon/reply.hpp"
#include "daemon/watching.hpp"

namespace kra {

class SyncTurns {
 public:
  SyncTurns(Server& clients, Watching& watching) : clients_(clients), watching_(watching) {}

  void prepare(Client& client, const Value& param, Reply reply);
  void claim(Client& client, const Value& param, Reply reply);
  void applied(Client& client, const Value& param, Reply reply);
  void resume(Client& client, const Value& param, Reply reply);
  void client_gone(std::uint64_t id);

  std::optional<Instant> due() const;
  void ring(Instant now);
  bool busy() const { return !turns_.empty(); }

 private:
  struct Turn {
    std::uint64_t number = 0;
    std::string root;
    Reply reply;
    std::set<std::uint64_t> awaited;  // editors that have not answered
    std::optional<Instant> answer_by;
    Instant ends;
    Value::Array busy;
  };
  void take(std::uint64_t sync, std::uint64_t number, std::uint64_t editor, const Result<Value>& said);
  void answer(Turn& turn);
  void end(const Turn& turn);
  void tell_editors(const char* method, const Value& data);

  Server& clients_;
  Watching& watching_;
  std::map<std::uint64_t, Turn> turns_;  // by the sync's connection
  std::uint64_t next_ = 1;
};

}  // namespace kra
