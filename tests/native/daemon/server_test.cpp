// The door of the daemon, and what becomes of those who stand in it when it closes.
#include "daemon/server.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "../catch.hpp"
#include "../scratch.hpp"

using namespace kra;

static ssize_t say(const Fd& fd) {
  auto bytes = pack({.kind = Frame::Kind::notification, .method = "event", .params = Value::Array{Value::Map{}}});
  return ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

TEST_CASE("at the closing door everybody is heard, or knows that he was not") {
  Scratch scratch;
  Loop loop;
  const auto path = scratch / "sock";
  auto listener = listen_at(path, 64);
  REQUIRE(listener.ok());
  int heard = 0;
  Server server(loop, std::move(*listener), path, {}, {[&](Client&, Frame) { ++heard; }, [](Client&) {}});
  auto quick = connect_to(path), slow = connect_to(path);
  REQUIRE(quick.ok());
  REQUIRE(slow.ok());
  REQUIRE(say(*quick) > 0);
  server.close_door();
  CHECK(heard == 1);
  CHECK(say(*slow) < 0);
  CHECK(errno == EPIPE);
  CHECK_FALSE(connect_to(path).ok());
  // Who has spoken is a client until the end.
  CHECK(say(*quick) > 0);
  server.sweep();
  CHECK(server.size() == 1);
}
