#include "engine/log_record.hpp"

#include "base/checksum.hpp"

namespace kra {

static void append_u32(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(number >> shift));
}

static std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t number = 0;
  for (unsigned at = 0; at < 4; ++at) number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) << (8 * at);
  return number;
}

static std::uint32_t checksum_of(std::uint8_t type, std::string_view payload) {
  char byte = static_cast<char>(type);
  return crc32c(payload, crc32c({&byte, 1}));
}

void append_record(std::string& out, std::uint8_t type, std::string_view payload) {
  append_u32(out, static_cast<std::uint32_t>(payload.size()));
  out.push_back(static_cast<char>(type));
  append_u32(out, checksum_of(type, payload));
  out.append(payload);
}

std::optional<LogRecord> LogRecordReader::next() {
  auto rest = file_.substr(at_);
  if (rest.size() < log_record_head) return std::nullopt;
  auto length = read_u32(rest);
  if (length > log_record_limit || rest.size() - log_record_head < length) return std::nullopt;
  LogRecord record{static_cast<std::uint8_t>(rest[4]), rest.substr(log_record_head, length)};
  if (checksum_of(record.type, record.payload) != read_u32(rest.substr(5))) return std::nullopt;
  at_ += log_record_head + length;
  return record;
}

}  // namespace kra
