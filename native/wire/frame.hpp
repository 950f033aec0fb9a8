// MessagePack-RPC (github.com/msgpack-rpc/msgpack-rpc, spec.md): requests, answers and notifications, as Neovim speaks it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/value.hpp"
#include "wire/msgpack.hpp"

namespace kra {

struct Frame {
  enum class Kind { request = 0, answer = 1, notification = 2 };
  Kind kind = Kind::notification;
  std::uint32_t id = 0;      // of requests and answers
  std::string method;        // of requests and notifications
  Value params;              // an array; our own methods take one map in it
  Value error;               // of answers; nil when all went well
  Value result;
};

std::string pack(const Frame& frame);

// Cuts frames out of a stream of bytes that arrive in any pieces.
class FrameReader {
 public:
  explicit FrameReader(const WireLimits& limits = {}) : limits_(limits), scanner_(limits) {}
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame, nothing when more bytes are needed; an Error ends the stream: nothing after it can be trusted.
  Result<std::optional<Frame>> next();
  std::size_t waiting_bytes() const { return buffer_.size() - begin_; }

 private:
  WireLimits limits_;
  Scanner scanner_;
  std::string buffer_;
  std::size_t begin_ = 0;
};

}  // namespace kra
