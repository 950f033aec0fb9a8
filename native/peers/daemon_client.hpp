// The daemon as others see it: reached or started, greeted, asked. Blocking, one request at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/value.hpp"
#include "os/paths.hpp"
#include "wire/frame.hpp"
#include "wire/messages.hpp"

namespace kra {

enum class Start { if_needed, never };

class DaemonClient {
 public:
  // unavailable: the daemon has ended. Everything else as request() has it.
  Result<Value> request(std::string_view method, Value param, const Patience& patience);
  // Written when it returns; nobody says whether it was read.
  Result<void> notify(std::string_view method, Value param, const Patience& patience);

  // What the daemon answered to hello.
  const Value& greeting() const { return greeting_; }
  // Readable when the daemon said something that nobody asked for, or has ended.
  int fd() const { return fd_.get(); }
  // The next notification: nothing when none has come yet; an Error when the daemon has ended.
  struct Notification {
    std::string method;
    Value param;  // the only one
  };
  Result<std::optional<Notification>> notified();

 private:
  friend Result<DaemonClient> connect_to_daemon(const Paths&);
  friend Result<DaemonClient> connect_and_greet(const Paths&, std::string_view, const Hello&, const Patience&);
  explicit DaemonClient(Fd fd) : fd_(std::move(fd)) {}
  Result<Value> answer_to(std::uint32_t id, const Patience& patience);

  Fd fd_;
  FrameReader reader_;
  std::uint32_t next_id_ = 1;
  Value greeting_;
};

// A greeted connection. `version` is the release that asks (kra::version()): an older daemon hands over and a new one is started,
// unless `start` forbids it. not_found / unavailable: no daemon (and none was to be started, or none would start); timed_out: one that
// does not greet within 2 s; refused: one that has no protocol in common with us and stays.
Result<DaemonClient> reach(const Paths& paths, std::string_view version, Start start, const Patience& patience, const Hello& hello = {});

// A connection without a greeting, for what any daemon does for anybody (`stop`, `handover`), whatever protocol it speaks.
Result<DaemonClient> connect_to_daemon(const Paths& paths);

// Acknowledged when it returns: in the events journal. Connects anew when the daemon dies meanwhile, so the event needs a client
// and a seq of its own.
Result<void> send_event(const Paths& paths, std::string_view version, const Event& event, const Patience& patience);

}  // namespace kra
