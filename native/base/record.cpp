#include "base/record.hpp"

#include "base/text.hpp"

namespace kra {

void FieldWriter::add(const char* key, Value value) const { entries_->emplace_back(key, std::move(value)); }

const Value* FieldReader::entry(const char* key) const {
  if (!outcome_->ok()) return nullptr;
  const Value& found = (*map_)[key];
  return found.is_nil() ? nullptr : &found;
}

void FieldReader::ended(const char* key, Result<void> read) const {
  if (!read) *outcome_ = std::move(read).failure().within(key);
}

Result<std::int64_t> detail::number_between(const Value& value, std::int64_t lowest, std::int64_t highest) {
  const auto* number = value.number();
  if (!number || *number < lowest || *number > highest) return Error{Fault::corrupt, "not a number in range"};
  return *number;
}

Result<const Value::Array*> detail::array_of(const Value& value) {
  if (!value.array()) return Error{Fault::corrupt, "not an array"};
  return value.array();
}

Failure detail::in_item(std::size_t index, Failure failure) { return std::move(failure).within(cat("[", index, "]")); }

Result<void> from_value(const Value& value, Value& out) { return out = value, Result<void>{}; }

Result<void> from_value(const Value& value, bool& out) {
  if (!value.flag()) return Error{Fault::corrupt, "not a truth value"};
  return out = *value.flag(), Result<void>{};
}

Result<void> from_value(const Value& value, std::string& out) {
  if (!value.text()) return Error{Fault::corrupt, "not a text"};
  return out = *value.text(), Result<void>{};
}

}  // namespace kra
