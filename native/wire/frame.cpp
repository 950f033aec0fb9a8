#include "wire/frame.hpp"

#include <limits>
#include <utility>

namespace kra {

std::string pack(const Frame& frame) {
  Value::Array parts{static_cast<int>(frame.kind)};
  if (frame.kind != Frame::Kind::notification) parts.push_back(static_cast<std::int64_t>(frame.id));
  if (frame.kind == Frame::Kind::answer) {
    parts.push_back(frame.error);
    parts.push_back(frame.result);
  } else {
    parts.push_back(frame.method);
    parts.push_back(frame.params);
  }
  return pack(Value(std::move(parts)));
}

static Result<std::uint32_t> read_id(const Value& value) {
  if (!value.number() || *value.number() < 0 || *value.number() > std::numeric_limits<std::uint32_t>::max())
    return Error{Fault::corrupt, "a message id that is none"};
  return static_cast<std::uint32_t>(*value.number());
}

static Result<Frame> read_call(Value::Array& parts, Frame frame, std::size_t at) {
  if (!parts[at].text() || !parts[at + 1].array()) return Error{Fault::corrupt, "a call without method or parameters"};
  frame.method = *parts[at].text();
  frame.params = std::move(parts[at + 1]);
  return frame;
}

static Result<Frame> read_frame(Value value) {
  auto* parts = value.array();
  if (!parts || parts->empty() || !parts->front().number()) return Error{Fault::corrupt, "no RPC message"};
  Frame frame;
  auto kind = *parts->front().number();
  if (kind == 2 && parts->size() == 3) return read_call(*parts, std::move(frame), 1);
  if ((kind != 0 && kind != 1) || parts->size() != 4) return Error{Fault::corrupt, "no RPC message"};
  frame.id = TRY(read_id((*parts)[1]));
  frame.kind = kind == 0 ? Frame::Kind::request : Frame::Kind::answer;
  if (kind == 0) return read_call(*parts, std::move(frame), 2);
  frame.error = std::move((*parts)[2]);
  frame.result = std::move((*parts)[3]);
  return frame;
}

Result<std::optional<Frame>> FrameReader::next() {
  std::string_view waiting = std::string_view(buffer_).substr(begin_);
  auto length = TRY(scanner_.scan(waiting));
  if (length == 0) {
    // Only here, so that many small messages in one read cost one move of what is left.
    buffer_.erase(0, std::exchange(begin_, 0));
    return std::optional<Frame>();
  }
  scanner_ = Scanner(limits_);
  begin_ += length;
  auto value = TRY(unpack(waiting.substr(0, length), limits_));
  return std::optional<Frame>(TRY(read_frame(std::move(value))));
}

}  // namespace kra
