// One connection: frames in, frames out, both bounded. Nothing here blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "daemon/handle.hpp"
#include "engine/heartbeat.hpp"
#include "model/workspace.hpp"
#include "os/socket.hpp"
#include "wire/frame.hpp"
#include "wire/messages.hpp"

namespace kra {

// What a client may cost.
struct ClientLimits {
  WireLimits wire{.total = 1U << 18};
  int unanswered = 64;                 // requests of the client
  std::size_t unsent = 20U << 20;      // bytes: the longest answer and a little more
  Milliseconds stalled{10'000};        // it has read nothing for so long, and there is something to read
};

class Client {
 public:
  using Received = std::function<void(Client&, Frame)>;
  using Answered = std::function<void(Result<Value>)>;
  Client(Loop& loop, Fd fd, Peer peer, std::uint64_t id, const ClientLimits& limits, Received received);

  std::uint64_t id() const { return id_; }
  const Peer& peer() const { return peer_; }

  void answer(std::uint32_t request, const Value& result);
  void refuse(std::uint32_t request, const Error& error);
  void notify(std::string_view method, Value::Array params);
  // Calls a method of the client's; answered once, with an Error when the client goes away first.
  void call(std::string_view method, Value::Array params, Answered answered);
  // Of an editor: the same for a row of the table that `kra.rpc` serves there.
  void tell_editor(std::string_view what, Value data);
  void ask_editor(std::string_view what, Value data, Answered answered);

  // Nothing is read or written any more; its owner takes it away.
  void drop(std::string why);
  bool gone() const { return gone_; }
  const std::string& why_gone() const { return why_; }
  // Tells all that wait for an answer that none will come.
  void give_up_calls();

  // Reads what is there now.
  void read();
  // As read(). Of one who has not spoken yet nothing is taken after this: his message fails with him, so that he turns to our successor.
  void read_last();
  std::size_t queued() const { return reader_.waiting_bytes() + out_.size() - sent_; }
  bool all_sent() const { return out_.empty(); }
  // When it counts as stalled.
  std::optional<Instant> due() const;
  void ring(Instant now);

  Hello hello;  // empty until it came
  Heartbeat heartbeat;
  std::optional<Editor> state;  // of an editor: what it answered last to `capture`, if that could be read
  bool late = false;            // its state is not of the last save
  bool pinned = false;          // of an editor: one of its windows is
  bool seen = true;             // of an editor: somebody looks at its pane, as far as is known

 private:
  void ready(int events);
  void take_frames();
  void take_answer(Frame frame);
  void send(const Frame& frame);
  void write();

  Fd fd_;
  Peer peer_;
  std::uint64_t id_;
  ClientLimits limits_;
  Received received_;
  FrameReader reader_;
  std::string out_;
  std::size_t sent_ = 0;  // of out_
  std::optional<Instant> stalled_since_;
  std::map<std::uint32_t, Answered> calls_;
  std::uint32_t next_call_ = 1;
  int unanswered_ = 0;
  bool heard_ = false;
  bool gone_ = false;
  std::string why_;
  std::optional<Watch> watch_;
};

}  // namespace kra
