#include "base/value.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/text.hpp"

template class std::vector<kra::Value>;
template class std::vector<kra::Value::Entry>;

namespace kra {

Value::Value() noexcept = default;
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

Value::Value(bool flag) : state_(flag) {}
Value::Value(int number) : state_(static_cast<std::int64_t>(number)) {}
Value::Value(unsigned number) : state_(static_cast<std::int64_t>(number)) {}
Value::Value(std::int64_t number) : state_(number) {}
Value::Value(std::uint64_t number) : state_(static_cast<std::int64_t>(number)) {}
Value::Value(double number) : state_(number) {}
Value::Value(const char* text) : state_(std::string(text)) {}
Value::Value(std::string_view text) : state_(std::string(text)) {}
Value::Value(std::string text) : state_(std::move(text)) {}
Value::Value(Array items) : state_(std::move(items)) {}
Value::Value(Map entries) : state_(std::move(entries)) {}

bool Value::is_nil() const { return state_.index() == 0; }
const bool* Value::flag() const { return std::get_if<bool>(&state_); }
const std::int64_t* Value::number() const { return std::get_if<std::int64_t>(&state_); }
const double* Value::real() const { return std::get_if<double>(&state_); }
const std::string* Value::text() const { return std::get_if<std::string>(&state_); }
const Value::Array* Value::array() const { return std::get_if<Array>(&state_); }
const Value::Map* Value::map() const { return std::get_if<Map>(&state_); }
Value::Array* Value::array() { return std::get_if<Array>(&state_); }
Value::Map* Value::map() { return std::get_if<Map>(&state_); }

std::string Value::text_or(std::string otherwise) const { return text() ? *text() : std::move(otherwise); }
std::int64_t Value::number_or(std::int64_t otherwise) const { return number() ? *number() : otherwise; }
bool Value::flag_or(bool otherwise) const { return flag() ? *flag() : otherwise; }

Value::Entry::Entry() = default;
Value::Entry::Entry(std::string_view of_key, Value of_value) : key(of_key), value(std::move(of_value)) {}
Value::Entry::Entry(const Entry& other) = default;
Value::Entry::Entry(Entry&& other) noexcept = default;
Value::Entry& Value::Entry::operator=(const Entry& other) = default;
Value::Entry& Value::Entry::operator=(Entry&& other) noexcept = default;
Value::Entry::~Entry() = default;

bool operator==(const Value& left, const Value& right) { return left.state_ == right.state_; }

const Value& Value::operator[](std::string_view key) const {
  static const Value nil;
  if (const Map* entries = map())
    for (const auto& [name, value] : *entries)
      if (name == key) return value;
  return nil;
}

void Value::set(std::string_view key, Value value) {
  if (!map()) state_ = Map{};
  for (auto& [name, old] : *map())
    if (name == key) {
      old = std::move(value);
      return;
    }
  map()->emplace_back(std::string(key), std::move(value));
}

static void write_text(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t plain_from = 0;
  std::string valid;
  if (!is_utf8(text)) {
    // Only the invalid bytes are replaced; control bytes keep their JSON escapes below.
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = 1;
      while (length <= 4 && at + length <= text.size() && !is_utf8(text.substr(at, length))) ++length;
      bool found = length <= 4 && at + length <= text.size();
      valid.append(found ? text.substr(at, length) : std::string_view("\xef\xbf\xbd"));
      at += found ? length : 1;
    }
    text = valid;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f) continue;
    out.append(text.substr(plain_from, at - plain_from));
    plain_from = at + 1;
    if (byte == '\n') out.append("\\n");
    else if (byte == '\t') out.append("\\t");
    else if (byte == '"' || byte == '\\') out.append({'\\', text[at]});
    else out.append(cat("\\u", hex(byte, 4)));
  }
  out.append(text.substr(plain_from));
  out.push_back('"');
}

static void write_real(std::string& out, double number) {
  char digits[40];
  if (!std::isfinite(number)) {
    out.append("null");
    return;
  }
  std::snprintf(digits, sizeof digits, "%.15g", number);
  if (std::strtod(digits, nullptr) != number) std::snprintf(digits, sizeof digits, "%.17g", number);
  out.append(digits);
}

static void write(std::string& out, const Value& value);

static void write_array(std::string& out, const Value::Array& items) {
  out.push_back('[');
  for (const auto& item : items) {
    if (&item != &items.front()) out.push_back(',');
    write(out, item);
  }
  out.push_back(']');
}

static void write_map(std::string& out, const Value::Map& entries) {
  out.push_back('{');
  for (const auto& entry : entries) {
    if (&entry != &entries.front()) out.push_back(',');
    write_text(out, entry.key);
    out.push_back(':');
    write(out, entry.value);
  }
  out.push_back('}');
}

static void write(std::string& out, const Value& value) {
  if (value.flag()) out.append(*value.flag() ? "true" : "false");
  else if (value.number()) out.append(cat(*value.number()));
  else if (value.real()) write_real(out, *value.real());
  else if (value.text()) write_text(out, *value.text());
  else if (value.array()) write_array(out, *value.array());
  else if (value.map()) write_map(out, *value.map());
  else out.append("null");
}

std::string to_json(const Value& value) {
  std::string out;
  write(out, value);
  return out;
}

}  // namespace kra
