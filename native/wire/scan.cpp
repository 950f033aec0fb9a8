// The walker of headers. Sizes and first bytes as in the table "formats" of the MessagePack specification.
#include "base/text.hpp"
#include "wire/msgpack.hpp"

namespace kra {

namespace {

struct Header {
  std::size_t length = 0;    // of the header and, for texts and numbers, what follows it; 0: more bytes are needed
  std::size_t text = 0;      // bytes of text in it
  std::size_t children = 0;  // of a container
  bool container = false;
  bool map = false;
};

std::size_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < width; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

Header text_header(std::string_view bytes, std::size_t width, std::size_t extra) {
  if (bytes.size() < 1 + width) return {};
  auto text = big_endian(bytes, 1, width);
  return {1 + width + extra + text, text};
}

Header container_header(std::string_view bytes, std::size_t width, bool map) {
  if (bytes.size() < 1 + width) return {};
  return {1 + width, 0, big_endian(bytes, 1, width), true, map};
}

Header plain(std::size_t length) { return {length}; }

Header read_header(std::string_view bytes) {
  auto first = static_cast<unsigned char>(bytes.front());
  if (first <= 0x7f || first >= 0xe0) return plain(1);
  if (first <= 0x8f) return {1, 0, first & 0x0fU, true, true};
  if (first <= 0x9f) return {1, 0, first & 0x0fU, true, false};
  if (first <= 0xbf) return {1U + (first & 0x1fU), first & 0x1fU};
  switch (first) {
    case 0xc0: case 0xc2: case 0xc3: return plain(1);
    case 0xc4: case 0xd9: return text_header(bytes, 1, 0);
    case 0xc5: case 0xda: return text_header(bytes, 2, 0);
    case 0xc6: case 0xdb: return text_header(bytes, 4, 0);
    case 0xc7: return text_header(bytes, 1, 1);
    case 0xc8: return text_header(bytes, 2, 1);
    case 0xc9: return text_header(bytes, 4, 1);
    case 0xcc: case 0xd0: return plain(2);
    case 0xcd: case 0xd1: return plain(3);
    case 0xca: case 0xce: case 0xd2: return plain(5);
    case 0xcb: case 0xcf: case 0xd3: return plain(9);
    case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: {
      std::size_t text = std::size_t{1} << (first - 0xd4);
      return {2 + text, text};
    }
    case 0xdc: return container_header(bytes, 2, false);
    case 0xdd: return container_header(bytes, 4, false);
    case 0xde: return container_header(bytes, 2, true);
    case 0xdf: return container_header(bytes, 4, true);
    default: return plain(0);
  }
}

constexpr unsigned char never_used = 0xc1;

}  // namespace

Result<void> Scanner::open(std::size_t children, std::size_t least_bytes) {
  if (open_.size() >= limits_.depth) return Error{Fault::refused, cat("nested deeper than ", limits_.depth)};
  if (children > limits_.elements * least_bytes) return Error{Fault::refused, cat("more than ", limits_.elements, " elements")};
  // Each value takes a byte at least, so a container can never hold more than what is left of its message.
  if (at_ + children > limits_.frame) return Error{Fault::refused, "more elements than the message can hold"};
  open_.push_back(children);
  return {};
}

// One value's header; false when more bytes are needed.
Result<bool> Scanner::step(std::string_view bytes) {
  if (at_ >= bytes.size()) return false;
  if (static_cast<unsigned char>(bytes[at_]) == never_used) return Error{Fault::corrupt, "no MessagePack"};
  auto header = read_header(bytes.substr(at_));
  if (header.length == 0) return false;
  if (header.text > limits_.text) return Error{Fault::refused, cat("a text of more than ", limits_.text, " bytes")};
  if (at_ + header.length > limits_.frame) return Error{Fault::refused, cat("a message of more than ", limits_.frame, " bytes")};
  if (at_ + header.length > bytes.size()) return false;
  if (++total_ > limits_.total) return Error{Fault::refused, cat("more than ", limits_.total, " values")};
  at_ += header.length;
  if (!open_.empty()) --open_.back();
  if (header.container) TRY(open(header.map ? header.children * 2 : header.children, header.map ? 2 : 1));
  while (!open_.empty() && open_.back() == 0) open_.pop_back();
  begun_ = true;
  return true;
}

Result<std::size_t> Scanner::scan(std::string_view bytes) {
  while (!begun_ || !open_.empty())
    if (!TRY(step(bytes))) return std::size_t{0};
  return at_;
}

}  // namespace kra
