#include "os/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"

namespace kra {

static Error system_error(Fault fault, const std::string& what) { return {fault, cat(what, ": ", std::strerror(errno))}; }

static Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{Fault::refused, cat(path, ": too long for a socket; set KRA_RUNTIME_DIR to a shorter directory")};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<Fd> connect_to(const std::string& path) {
  auto address = TRY(address_of(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error(Fault::io, "socket");
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    return system_error(errno == ENOENT ? Fault::not_found : Fault::unavailable, path);
  }
  return fd;
}

Result<Fd> listen_at(const std::string& path, int backlog) {
  auto aside = cat(path, ".", static_cast<long>(::getpid()));
  auto address = TRY(address_of(aside));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_error(Fault::io, "socket");
  ::unlink(aside.c_str());
  auto mask = ::umask(0177);
  int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(mask);
  if (bound != 0) return system_error(Fault::io, aside);
  if (::listen(fd.get(), backlog) == 0 && ::rename(aside.c_str(), path.c_str()) == 0) return fd;
  auto error = system_error(Fault::io, path);
  ::unlink(aside.c_str());
  return error;
}

Result<Peer> peer_of(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return system_error(Fault::io, "peer");
  return Peer{credentials.pid, credentials.uid};
}

// Waits until the descriptor is ready; false when the patience is over. A stop is noticed within 20 ms.
static Result<bool> await(int fd, short events, const Patience& patience) {
  for (;;) {
    pollfd wanted{fd, events, 0};
    int ready = ::poll(&wanted, 1, patience.left_ms(patience.stop.stop_possible() ? 20 : 60'000));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return system_error(Fault::io, "poll");
    if (patience.over()) return false;
  }
}

Result<void> write_all(int fd, std::string_view bytes, const Patience& patience) {
  while (!bytes.empty()) {
    auto written = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!TRY(await(fd, POLLOUT, patience))) return Error{Fault::timed_out, "the other side does not read"};
    } else if (errno != EINTR) {
      return system_error(Fault::unavailable, "send");
    }
  }
  return {};
}

Result<bool> read_some(int fd, std::string& buffer, const Patience& patience) {
  char bytes[65536];
  for (;;) {
    auto received = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (received > 0) buffer.append(bytes, static_cast<std::size_t>(received));
    if (received >= 0) return received > 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return system_error(Fault::unavailable, "receive");
    if (!TRY(await(fd, POLLIN, patience))) return Error{Fault::timed_out, "no answer in time"};
  }
}

}  // namespace kra
