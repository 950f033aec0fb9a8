#include "daemon/client.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace kra {

static constexpr Milliseconds abandoned_after{90'000};

Client::Client(Loop& loop, Fd fd, Peer peer, std::uint64_t id, const ClientLimits& limits, Received received)
    : heartbeat(abandoned_after, Clock::now()),
      fd_(std::move(fd)),
      peer_(peer),
      id_(id),
      limits_(limits),
      received_(std::move(received)),
      reader_(limits.wire) {
  watch_.emplace(loop, fd_.get(), [this](int events) { ready(events); });
  watch_->want(UV_READABLE);
}

void Client::ready(int events) {
  if (events & UV_READABLE) read();
  if (!gone_ && (events & UV_WRITABLE)) write();
}

void Client::read() {
  // A few rounds only, so that one busy client leaves room for the others.
  for (int round = 0; round < 8 && !gone_; ++round) {
    char bytes[16384];
    auto got = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) return drop("it has ended");
    heard_ = true;
    heartbeat.beat(Clock::now());
    reader_.feed({bytes, static_cast<std::size_t>(got)});
    take_frames();
    if (static_cast<std::size_t>(got) < sizeof bytes) return;
  }
}

void Client::read_last() {
  read();
  if (gone_ || heard_) return;
  ::shutdown(fd_.get(), SHUT_RD);
  // What came between the two.
  read();
}

void Client::take_frames() {
  bool large = reader_.waiting_bytes() > (64U << 10);
  while (!gone_) {
    auto frame = reader_.next();
    if (!frame) return drop(frame.error().what);
    if (!*frame) break;
    if ((*frame)->kind == Frame::Kind::answer) {
      take_answer(std::move(**frame));
    } else {
      if ((*frame)->kind == Frame::Kind::request && ++unanswered_ > limits_.unanswered) return drop("too many requests at once");
      received_(*this, std::move(**frame));
    }
  }
  // The buffer of a large message is given back.
  if (large && reader_.waiting_bytes() == 0) reader_ = FrameReader(limits_.wire);
}

void Client::take_answer(Frame frame) {
  auto call = calls_.extract(frame.id);
  if (call.empty()) return;
  if (frame.error.is_nil())
    call.mapped()(std::move(frame.result));
  else
    call.mapped()(error_from_value(frame.error));
}

void Client::answer(std::uint32_t request, const Value& result) {
  --unanswered_;
  send({.kind = Frame::Kind::answer, .id = request, .result = result});
}

void Client::refuse(std::uint32_t request, const Error& error) {
  --unanswered_;
  send({.kind = Frame::Kind::answer, .id = request, .error = error_to_value(error)});
}

void Client::notify(std::string_view method, Value::Array params) {
  send({.kind = Frame::Kind::notification, .method = std::string(method), .params = std::move(params)});
}

void Client::call(std::string_view method, Value::Array params, Answered answered) {
  if (gone_) return answered(Error{Fault::unavailable, "the client has ended"});
  heartbeat.ask();
  auto id = next_call_++;
  calls_.emplace(id, std::move(answered));
  send({.kind = Frame::Kind::request, .id = id, .method = std::string(method), .params = std::move(params)});
}

// What the daemon says to an editor is data, and this is the only code that it sends.
static Value::Array serve(std::string_view what, Value data) {
  return {"return require('kra.rpc').serve(...)", Value::Array{std::string(what), std::move(data)}};
}

void Client::tell_editor(std::string_view what, Value data) { notify("nvim_exec_lua", serve(what, std::move(data))); }

void Client::ask_editor(std::string_view what, Value data, Answered answered) {
  call("nvim_exec_lua", serve(what, std::move(data)), std::move(answered));
}

void Client::send(const Frame& frame) {
  if (gone_) return;
  out_ += pack(frame);
  write();
}

void Client::write() {
  while (sent_ < out_.size()) {
    auto wrote = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (wrote > 0) {
      sent_ += static_cast<std::size_t>(wrote);
      stalled_since_ = std::nullopt;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      return drop("it does not read any more");
    }
  }
  if (sent_ == out_.size()) {
    std::string().swap(out_);
    sent_ = 0;
    return watch_->want(UV_READABLE);
  }
  if (sent_ > out_.size() / 2) out_.erase(0, std::exchange(sent_, 0));
  if (out_.size() - sent_ > limits_.unsent) return drop("it reads too slowly");
  if (!stalled_since_) stalled_since_ = Clock::now();
  watch_->want(UV_READABLE | UV_WRITABLE);
}

void Client::drop(std::string why) {
  if (std::exchange(gone_, true)) return;
  why_ = std::move(why);
  // The descriptor stays until its owner takes the client away: this may be called from within its own callback.
  watch_->want(0);
  std::string().swap(out_);
  sent_ = 0;
  stalled_since_ = std::nullopt;
  reader_ = FrameReader(limits_.wire);
}

void Client::give_up_calls() {
  for (auto& [id, answered] : std::exchange(calls_, {})) answered(Error{Fault::unavailable, "the client has ended"});
}

std::optional<Instant> Client::due() const {
  if (!stalled_since_) return std::nullopt;
  return *stalled_since_ + limits_.stalled;
}

void Client::ring(Instant now) {
  if (stalled_since_ && *stalled_since_ + limits_.stalled <= now) drop("it has stopped reading");
}

}  // namespace kra
