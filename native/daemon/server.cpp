#include "daemon/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace kra {

// Long enough not to spin, short enough not to be felt.
static constexpr Milliseconds out_of_descriptors_pause{200};

Server::Server(Loop& loop, Fd listener, std::string path, const ServerLimits& limits, Callbacks callbacks)
    : loop_(loop),
      listener_(std::move(listener)),
      path_(std::move(path)),
      limits_(limits),
      callbacks_(std::move(callbacks)),
      watch_(loop, listener_.get(), [this](int) { accept_some(64); }) {
  watch_.want(UV_READABLE);
}

void Server::accept_some(int at_most) {
  for (int taken = 0; taken < at_most; ++taken) {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      take_in(std::move(fd));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      watch_.want(0);
      resume_ = Clock::now() + out_of_descriptors_pause;
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

bool Server::take_in(Fd fd) {
  auto peer = peer_of(fd.get());
  // The directory keeps others out; this is the second lock, and refuses root too.
  if (!peer || peer->uid != ::geteuid() || clients_.size() >= limits_.clients) return false;
  auto id = next_id_++;
  clients_.emplace(id, std::make_unique<Client>(loop_, std::move(fd), *peer, id, limits_.client, callbacks_.received));
  return true;
}

Client* Server::find(std::uint64_t id) {
  auto found = clients_.find(id);
  return found == clients_.end() || found->second->gone() ? nullptr : found->second.get();
}

void Server::drop_largest() {
  std::size_t all = 0;
  Client* largest = nullptr;
  each([&](Client& client) {
    all += client.queued();
    if (!largest || client.queued() > largest->queued()) largest = &client;
  });
  if (largest && all > limits_.queued) largest->drop("the daemon's queues are full");
}

void Server::sweep() {
  drop_largest();
  for (auto at = clients_.begin(); at != clients_.end();) {
    if (!at->second->gone()) {
      ++at;
      continue;
    }
    auto client = std::move(at->second);
    at = clients_.erase(at);
    client->give_up_calls();
    callbacks_.gone(*client);
    if (resume_) resume_ = Clock::now();
  }
}

std::optional<Instant> Server::due() const {
  auto first = resume_;
  for (const auto& [id, client] : clients_)
    if (auto due = client->due(); due && (!first || *due < *first)) first = due;
  return first;
}

void Server::ring(Instant now) {
  if (resume_ && *resume_ <= now) {
    resume_ = std::nullopt;
    watch_.want(UV_READABLE);
  }
  for (auto& [id, client] : clients_) client->ring(now);
}

void Server::close_door() {
  ::unlink(path_.c_str());
  watch_.want(0);
  accept_some(4096);
  resume_ = std::nullopt;
  each([](Client& client) { client.read_last(); });
  // Whoever is still waiting there is refused now, and tries again.
  ::shutdown(listener_.get(), SHUT_RDWR);
}

bool Server::all_sent() {
  bool all = true;
  each([&](Client& client) { all = all && client.all_sent(); });
  return all;
}

}  // namespace kra
