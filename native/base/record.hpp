// Structs as Values. A struct names its members once:
//
//   template <class Self, class Visit> static void fields(Self& self, Visit visit) { visit("index", self.index); … }
//
// and this file turns it into a Value and back. Reading is strict about types and lenient about presence: an absent key keeps the
// member's default (older writer), an unknown key is ignored (newer writer), a wrong type is an Error that names the key.
// What need not be a template is none: every struct of every message and file passes here.
#pragma once

#include <concepts>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

// What fields() visits to write a struct, and to read one.
class FieldWriter {
 public:
  explicit FieldWriter(Value::Map& entries) : entries_(&entries) {}
  template <class T>
  void operator()(const char* key, const T& member) const;

 private:
  void add(const char* key, Value value) const;
  Value::Map* entries_;
};

class FieldReader {
 public:
  FieldReader(const Value& map, Result<void>& outcome) : map_(&map), outcome_(&outcome) {}
  template <class T>
  void operator()(const char* key, T& member) const;

 private:
  // The entry, or nothing when it is absent or another one has failed.
  const Value* entry(const char* key) const;
  void ended(const char* key, Result<void> read) const;
  const Value* map_;
  Result<void>* outcome_;
};

template <class T>
concept Record = requires(const T& record, FieldWriter writer) { T::fields(record, writer); };
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

namespace detail {
Result<std::int64_t> number_between(const Value& value, std::int64_t lowest, std::int64_t highest);
Result<const Value::Array*> array_of(const Value& value);
Failure in_item(std::size_t index, Failure failure);
}  // namespace detail

inline Value to_value(const Value& value) { return value; }
inline Value to_value(bool flag) { return flag; }
inline Value to_value(const std::string& text) { return text; }
template <Integer T>
Value to_value(T number) {
  return static_cast<std::int64_t>(number);
}
template <class T>
Value to_value(const std::vector<T>& items);
template <Record T>
Value to_value(const T& record) {
  Value::Map entries;
  T::fields(record, FieldWriter(entries));
  return entries;
}
template <class T>
Value to_value(const std::vector<T>& items) {
  Value::Array values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(to_value(item));
  return values;
}

Result<void> from_value(const Value& value, Value& out);
Result<void> from_value(const Value& value, bool& out);
Result<void> from_value(const Value& value, std::string& out);
template <Integer T>
Result<void> from_value(const Value& value, T& out) {
  constexpr auto highest = std::in_range<std::int64_t>(std::numeric_limits<T>::max())
                               ? static_cast<std::int64_t>(std::numeric_limits<T>::max())
                               : std::numeric_limits<std::int64_t>::max();
  out = static_cast<T>(TRY(detail::number_between(value, static_cast<std::int64_t>(std::numeric_limits<T>::min()), highest)));
  return {};
}
template <class T>
Result<void> from_value(const Value& value, std::vector<T>& out);
template <Record T>
Result<void> from_value(const Value& value, T& out) {
  if (!value.map()) return Error{Fault::corrupt, "not a map"};
  Result<void> outcome;
  T::fields(out, FieldReader(value, outcome));
  return outcome;
}
template <class T>
Result<void> from_value(const Value& value, std::vector<T>& out) {
  const auto* items = TRY(detail::array_of(value));
  out.clear();
  for (const auto& item : *items)
    if (auto read = from_value(item, out.emplace_back()); !read) return detail::in_item(out.size() - 1, std::move(read).failure());
  return {};
}

template <class T>
void FieldWriter::operator()(const char* key, const T& member) const {
  add(key, to_value(member));
}
template <class T>
void FieldReader::operator()(const char* key, T& member) const {
  if (const auto* found = entry(key)) ended(key, from_value(*found, member));
}

}  // namespace kra
