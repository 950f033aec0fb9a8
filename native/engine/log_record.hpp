// Records of an append-only file: length of the payload (u32) | type (u8) | CRC32C of type and payload (u32) | payload; numbers little-endian.
// A reader stops at the first record that is torn or damaged: everything before it is right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kra {

constexpr std::size_t log_record_head = 9;
constexpr std::uint32_t log_record_limit = 16U << 20;

void append_record(std::string& out, std::uint8_t type, std::string_view payload);

struct LogRecord {
  std::uint8_t type = 0;
  std::string_view payload;  // in the text that is read
};

class LogRecordReader {
 public:
  explicit LogRecordReader(std::string_view file) : file_(file) {}
  // Nothing at the end, or where the file is no longer right.
  std::optional<LogRecord> next();
  // Bytes that were right so far: a writer cuts the file here before it appends.
  std::size_t good() const { return at_; }

 private:
  std::string_view file_;
  std::size_t at_ = 0;
};

}  // namespace kra
