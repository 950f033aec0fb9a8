// Unix stream sockets, close-on-exec, checked for their owner.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace kra {

// not_found / unavailable when nobody listens there.
Result<Fd> connect_to(const std::string& path);
// A listening socket that appears under `path` by rename, so that a visible socket always accepts. Mode 0600.
Result<Fd> listen_at(const std::string& path, int backlog);
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};
Result<Peer> peer_of(int fd);

Result<void> write_all(int fd, std::string_view bytes, const Patience& patience);
// Appends what has arrived to `buffer`, waiting for at least one byte; false at the end of the stream.
Result<bool> read_some(int fd, std::string& buffer, const Patience& patience);

}  // namespace kra
