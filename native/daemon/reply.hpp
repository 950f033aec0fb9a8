// The way back for an answer that may come later: by then its client may have gone.
#pragma once

#include "daemon/server.hpp"

namespace kra {

class Reply {
 public:
  Reply() = default;  // of a notification: nobody waits
  Reply(Server& server, std::uint64_t client, std::uint32_t request) : server_(&server), client_(client), request_(request) {}

  // To be given once.
  void give(const Result<Value>& outcome) const {
    auto* client = server_ ? server_->find(client_) : nullptr;
    if (!client) return;
    if (outcome)
      client->answer(request_, *outcome);
    else
      client->refuse(request_, outcome.error());
  }

 private:
  Server* server_ = nullptr;
  std::uint64_t client_ = 0;
  std::uint32_t request_ = 0;
};

}  // namespace kra
