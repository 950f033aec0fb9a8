// Structs as Values. A struct names its members once:
//
//   template <class Self, class Visit> static void fields(Self& self, Visit visit) { visit("index", self.index); … }
//
// and this file turns it into a Value and back. Reading is strict about types and lenient about presence: an absent key keeps the
// member's default (older writer), an unknown key is ignored (newer writer), a wrong type is an Error that names the key.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/value.hpp"

namespace kra {

struct NoVisit {
  template <class T>
  void operator()(const char*, T&) const {}
};
template <class T>
concept Record = requires(T& record) { T::fields(record, NoVisit{}); };

inline Value to_value(const Value& value) { return value; }
inline Value to_value(bool flag) { return flag; }
template <std::integral T>
  requires(!std::same_as<T, bool>)
Value to_value(T number) { return static_cast<std::int64_t>(number); }
inline Value to_value(const std::string& text) { return text; }
template <class T>
Value to_value(const std::vector<T>& items);

template <Record T>
Value to_value(const T& record) {
  Value::Map entries;
  T::fields(record, [&](const char* key, const auto& member) { entries.emplace_back(key, to_value(member)); });
  return entries;
}

template <class T>
Value to_value(const std::vector<T>& items) {
  Value::Array values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(to_value(item));
  return values;
}

inline Result<void> from_value(const Value& value, Value& out) { return out = value, Result<void>{}; }
inline Result<void> from_value(const Value& value, bool& out) {
  if (!value.flag()) return Error{Fault::corrupt, "not a truth value"};
  return out = *value.flag(), Result<void>{};
}
template <std::integral T>
  requires(!std::same_as<T, bool>)
Result<void> from_value(const Value& value, T& out) {
  if (!value.number() || !std::in_range<T>(*value.number())) return Error{Fault::corrupt, "not a number in range"};
  return out = static_cast<T>(*value.number()), Result<void>{};
}
inline Result<void> from_value(const Value& value, std::string& out) {
  if (!value.text()) return Error{Fault::corrupt, "not a text"};
  return out = *value.text(), Result<void>{};
}
template <class T>
Result<void> from_value(const Value& value, std::vector<T>& out);

template <Record T>
Result<void> from_value(const Value& value, T& out) {
  if (!value.map()) return Error{Fault::corrupt, "not a map"};
  Result<void> outcome;
  T::fields(out, [&](const char* key, auto& member) {
    const Value& entry = value[key];
    if (!outcome.ok() || entry.is_nil()) return;
    auto read = from_value(entry, member);
    if (!read) outcome = std::move(read.error()).within(key);
  });
  return outcome;
}

template <class T>
Result<void> from_value(const Value& value, std::vector<T>& out) {
  if (!value.array()) return Error{Fault::corrupt, "not an array"};
  out.clear();
  for (const auto& item : *value.array()) TRY_TO(cat("[", out.size(), "]"), from_value(item, out.emplace_back()));
  return {};
}

}  // namespace kra
