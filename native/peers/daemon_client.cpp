#include "peers/daemon_client.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/text.hpp"
#include "base/version.hpp"
#include "os/socket.hpp"
#include "peers/daemon_start.hpp"

namespace kra {

Result<Value> DaemonClient::request(std::string_view method, Value param, const Patience& patience) {
  Frame frame{.kind = Frame::Kind::request, .id = next_id_++, .method = std::string(method), .params = Value::Array{std::move(param)}};
  TRY(write_all(fd_.get(), pack(frame), patience));
  return answer_to(frame.id, patience);
}

Result<void> DaemonClient::notify(std::string_view method, Value param, const Patience& patience) {
  Frame frame{.kind = Frame::Kind::notification, .method = std::string(method), .params = Value::Array{std::move(param)}};
  return write_all(fd_.get(), pack(frame), patience);
}

// Reads once and hands the bytes to the reader; an Error at the end of the stream.
static Result<void> feed(int fd, FrameReader& reader, const Patience& patience) {
  std::string bytes;
  if (!TRY(read_some(fd, bytes, patience))) return Error{Fault::unavailable, "the daemon has ended"};
  reader.feed(bytes);
  return {};
}

Result<Value> DaemonClient::answer_to(std::uint32_t id, const Patience& patience) {
  for (;;) {
    auto frame = TRY(reader_.next());
    if (!frame) {
      TRY(feed(fd_.get(), reader_, patience));
    } else if (frame->kind == Frame::Kind::answer && frame->id == id) {
      if (!frame->error.is_nil()) return error_from_value(frame->error);
      return std::move(frame->result);
    }
  }
}

Result<std::optional<DaemonClient::Notification>> DaemonClient::notified() {
  for (;;) {
    auto frame = TRY(reader_.next());
    if (frame && frame->kind == Frame::Kind::notification) {
      auto* params = frame->params.array();
      return std::optional(Notification{std::move(frame->method), params && !params->empty() ? std::move(params->front()) : Value()});
    }
    if (frame) continue;
    pollfd wanted{fd_.get(), POLLIN, 0};
    if (::poll(&wanted, 1, 0) <= 0) return std::optional<Notification>();
    TRY(feed(fd_.get(), reader_, Patience::of(Milliseconds(0))));
  }
}

static Hello introduced(Hello hello, std::string_view version) {
  if (hello.client.empty()) hello.client = "cli";
  if (hello.id.empty()) hello.id = new_uuid();
  hello.pid = ::getpid();
  hello.version = version;
  hello.proto = {protocol_oldest, protocol_newest};
  return hello;
}

// A daemon that was stopped still accepts. Whoever asks has work of his own to do when it does not speak.
static constexpr Milliseconds greeting_time{2'000};

Result<DaemonClient> connect_to_daemon(const Paths& paths) {
  DaemonClient client(TRY(connect_to(paths.socket())));
  if (TRY(peer_of(client.fd())).uid != ::geteuid()) return Error{Fault::refused, cat(paths.socket(), " is served by another user")};
  return client;
}

Result<DaemonClient> connect_and_greet(const Paths& paths, std::string_view version, const Hello& hello, const Patience& patience) {
  auto client = TRY(connect_to_daemon(paths));
  Patience shortly{std::min(patience.until, Clock::now() + greeting_time), patience.stop};
  client.greeting_ = TRY_TO("hello to the daemon", client.request("hello", to_value(introduced(hello, version)), shortly));
  return client;
}

// An older release, or the same one built from another commit that has taken the place of the daemon's program. A program that was replaced
// itself (a waiter lives for weeks) would start what it is, so it asks for nothing.
static bool is_outdated(const Value& greeting, std::string_view ours) {
  auto theirs = greeting["version"].text_or("");
  if (older_release(theirs, ours)) return true;
  if (theirs != ours || greeting["commit"].text_or("") == commit()) return false;
  return greeting["replaced"].flag_or(false) && !program_is_replaced();
}

static bool is_absent(const Error& error) { return error.fault == Fault::not_found || error.fault == Fault::unavailable; }

// Others start at the same moment: wait a little, longer each time, no two alike.
class Jitter {
 public:
  void pause(const Patience& patience) {
    std::uniform_int_distribution<int> spread(longest_us_ / 6, longest_us_);
    auto pause = std::chrono::microseconds(spread(random_));
    longest_us_ = std::min(longest_us_ * 2, 50'000);
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, Milliseconds(patience.left_ms(50))));
  }

 private:
  std::minstd_rand random_{static_cast<unsigned>(::getpid()) * 2654435761U};
  int longest_us_ = 3000;
};

// One daemon is there when this returns without an Error; whose child it is does not matter.
static Result<void> start_if_lock_is_free(const Paths& paths, const Patience& patience) {
  auto lock = TRY(Lock::try_take(paths.daemon_lock()));
  if (!lock) return {};
  // It may have been started and have taken its lock between our two looks, and its end frees the lock.
  if (connect_to(paths.socket())) return {};
  return start_daemon(std::move(*lock), patience);
}

// False when the daemon stays. Else it has ended, so that its lock is free.
static bool hand_over(DaemonClient& client, std::string_view version, const Patience& patience) {
  if (!client.request("handover", Value::Map{{"version", version}}, patience)) return false;
  while (client.notified() && !patience.over()) {
    pollfd wanted{client.fd(), POLLIN, 0};
    ::poll(&wanted, 1, patience.left_ms(1000));
  }
  return true;
}

// Whether the daemon that has greeted us so, or turned us away, has ended in favour of ours.
static bool makes_way(Result<DaemonClient>& greeted, const Paths& paths, std::string_view version, const Patience& patience) {
  if (greeted) return is_outdated(greeted->greeting(), version) && hand_over(*greeted, version, patience);
  if (greeted.error().fault != Fault::refused) return false;
  // No protocol in common. Which of us is newer the daemon decides itself, and that needs no hello.
  auto client = connect_to_daemon(paths);
  return client && hand_over(*client, version, patience);
}

Result<DaemonClient> reach(const Paths& paths, std::string_view version, Start start, const Patience& patience, const Hello& hello) {
  bool handed_over = false;
  int rounds = 0;
  for (Jitter jitter;;) {
    auto client = connect_and_greet(paths, version, hello, patience);
    if (start == Start::never) return client;
    if (client || !is_absent(client.error())) {
      if (handed_over || !makes_way(client, paths, version, patience)) return client;
      handed_over = true;
    }
    TRY(start_if_lock_is_free(paths, patience));
    if (patience.over()) return Error{Fault::unavailable, "no daemon answers"};
    // One that accepts and then turns us away (it is full) is not asked without a pause.
    if (++rounds > 3 || !connect_to(paths.socket())) jitter.pause(patience);
  }
}

Result<void> send_event(const Paths& paths, std::string_view version, const Event& event, const Patience& patience) {
  for (Jitter jitter;;) {
    auto client = reach(paths, version, Start::if_needed, patience);
    auto answer = client ? client->request("event", to_value(event), patience) : Result<Value>(client.error());
    if (answer) return {};
    // Of all that ask, this one has nobody else to turn to: a daemon that is slow is asked again.
    bool again = client ? is_absent(answer.error()) : answer.error().fault == Fault::timed_out;
    if (!again || patience.over()) return std::move(answer.error());
    jitter.pause(patience);
  }
}

}  // namespace kra
