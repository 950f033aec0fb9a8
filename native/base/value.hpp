// A tree of plain data: what a message or a stored file holds, and what `--json` prints. Maps keep their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kra {

class Value {
 public:
  using Array = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;

  // Not inline: nearly every file makes Values, and a third of the build went into compiling these again and again.
  Value() noexcept;
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  Value(bool flag);
  Value(int number);
  Value(unsigned number);
  Value(std::int64_t number);
  Value(std::uint64_t number);
  Value(double number);
  Value(const char* text);
  Value(std::string_view text);
  Value(std::string text);
  Value(Array items);
  Value(Map entries);

  bool is_nil() const { return state_.index() == 0; }
  // The content when the value has that type, else nullptr.
  const bool* flag() const { return std::get_if<bool>(&state_); }
  const std::int64_t* number() const { return std::get_if<std::int64_t>(&state_); }
  const double* real() const { return std::get_if<double>(&state_); }
  const std::string* text() const { return std::get_if<std::string>(&state_); }
  const Array* array() const { return std::get_if<Array>(&state_); }
  const Map* map() const { return std::get_if<Map>(&state_); }
  Array* array() { return std::get_if<Array>(&state_); }
  Map* map() { return std::get_if<Map>(&state_); }

  // The entry of a map, or a nil value when there is none (or this is no map): reading never fails.
  const Value& operator[](std::string_view key) const;
  // Adds or replaces an entry; a nil value becomes a map first.
  void set(std::string_view key, Value value);

  // The content, or `otherwise` when the value is of another type.
  std::string text_or(std::string otherwise) const { return text() ? *text() : std::move(otherwise); }
  std::int64_t number_or(std::int64_t otherwise) const { return number() ? *number() : otherwise; }
  bool flag_or(bool otherwise) const { return flag() ? *flag() : otherwise; }

  friend bool operator==(const Value& left, const Value& right);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Map> state_;
};

// One line of JSON (RFC 8259). Bytes that are not UTF-8 become U+FFFD.
std::string to_json(const Value& value);

}  // namespace kra
