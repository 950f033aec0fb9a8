// The listening socket and all connections: who may come in, how many, and how much they may queue together.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "daemon/client.hpp"
#include "daemon/handle.hpp"

namespace kra {

struct ServerLimits {
  ClientLimits client;
  std::size_t clients = 512;
  std::size_t queued = 64U << 20;  // bytes, of all clients, in and out
};

class Server {
 public:
  struct Callbacks {
    Client::Received received;
    std::function<void(Client&)> gone;  // the last that is heard of it
  };
  Server(Loop& loop, Fd listener, std::string path, const ServerLimits& limits, Callbacks callbacks);

  // nullptr when it has gone.
  Client* find(std::uint64_t id);
  template <class Visit>
  void each(Visit visit) {
    for (auto& [id, client] : clients_)
      if (!client->gone()) visit(*client);
  }
  std::size_t size() const { return clients_.size(); }

  // Takes away those that have gone; not to be called from within a client.
  void sweep();
  std::optional<Instant> due() const;
  void ring(Instant now);

  // Nobody finds us any more. Whoever had connected before is heard: what he wrote is read, and who had not written yet finds that he cannot.
  // To be called while the daemon's lock is held, so that no other socket can stand under our name.
  void close_door();
  bool all_sent();

 private:
  void accept_some(int at_most);
  bool take_in(Fd fd);
  void drop_largest();

  Loop& loop_;
  Fd listener_;
  std::string path_;
  ServerLimits limits_;
  Callbacks callbacks_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::uint64_t next_id_ = 1;
  std::optional<Instant> resume_;  // accepting again after descriptors ran out
  Watch watch_;
};

}  // namespace kra
