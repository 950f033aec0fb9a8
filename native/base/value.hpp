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
  struct Entry;
  using Array = std::vector<Value>;
  using Map = std::vector<Entry>;

  // Nothing here is inline: nearly every file has Values, and a third of the build went into compiling these again and again.
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

  bool is_nil() const;
  // The content when the value has that type, else nullptr.
  const bool* flag() const;
  const std::int64_t* number() const;
  const double* real() const;
  const std::string* text() const;
  const Array* array() const;
  const Map* map() const;
  Array* array();
  Map* map();

  // The entry of a map, or a nil value when there is none (or this is no map): reading never fails.
  const Value& operator[](std::string_view key) const;
  // Adds or replaces an entry; a nil value becomes a map first.
  void set(std::string_view key, Value value);

  // The content, or `otherwise` when the value is of another type.
  std::string text_or(std::string otherwise) const;
  std::int64_t number_or(std::int64_t otherwise) const;
  bool flag_or(bool otherwise) const;

  friend bool operator==(const Value& left, const Value& right);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Map> state_;
};

struct Value::Entry {
  std::string key;
  Value value;

  Entry();
  Entry(std::string_view of_key, Value of_value);
  Entry(const Entry& other);
  Entry(Entry&& other) noexcept;
  Entry& operator=(const Entry& other);
  Entry& operator=(Entry&& other) noexcept;
  ~Entry();
  friend bool operator==(const Entry& left, const Entry& right) = default;
};

}  // namespace kra

extern template class std::vector<kra::Value>;
extern template class std::vector<kra::Value::Entry>;

namespace kra {

// One line of JSON (RFC 8259). Bytes that are not UTF-8 become U+FFFD.
std::string to_json(const Value& value);

}  // namespace kra
