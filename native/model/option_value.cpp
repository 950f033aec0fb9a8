// One value of a setting: text to Value and back.
#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "model/config.hpp"

namespace kra {

std::optional<Milliseconds> parse_duration(std::string_view text) {
  struct Unit { std::string_view name; std::int64_t ms; };
  constexpr Unit units[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
  auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  auto count = parse_int(text.substr(0, digits));
  if (!count || *count > 1'000'000'000) return std::nullopt;
  if (text == "0") return Milliseconds(0);
  for (auto unit : units)
    if (unit.name == text.substr(digits)) return Milliseconds(*count * unit.ms);
  return std::nullopt;
}

static std::vector<std::string> choices_of(const OptionRow& row) {
  std::vector<std::string> choices;
  for (auto choice : split(row.choices, "|")) choices.emplace_back(choice);
  return choices;
}

std::string option_kind(const OptionRow& row) {
  switch (row.type) {
    case OptionType::flag: return "true or false";
    case OptionType::count: return cat("a number from ", row.least, " to ", row.most);
    case OptionType::duration: return "a time such as 30s, 5m, 24h or 30d";
    case OptionType::text: return "a text";
    case OptionType::choice: return cat("one of ", join(choices_of(row), ", "));
    case OptionType::text_list: return "a list of texts";
    case OptionType::map: return cat("one of ", join(choices_of(row), ", "), ", or a map from glob to one of these");
  }
  return "";
}

static std::optional<bool> truth(std::string_view text) {
  std::string lower;
  for (char c : text) lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  if (lower == "true" || lower == "yes" || lower == "on") return true;
  if (lower == "false" || lower == "no" || lower == "off") return false;
  return std::nullopt;
}

static Value::Array listed(std::string_view text) {
  Value::Array items;
  if (text.empty() || text == "[]") return items;
  for (auto item : split(text, ",")) {
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    items.emplace_back(item);
  }
  return items;
}

// Nothing when `text` is no value for this row.
static std::optional<Value> read_value(const OptionRow& row, std::string_view text) {
  auto choices = choices_of(row);
  bool chosen = std::find(choices.begin(), choices.end(), text) != choices.end();
  switch (row.type) {
    case OptionType::flag: {
      auto flag = truth(text);
      return flag ? std::optional<Value>(*flag) : std::nullopt;
    }
    case OptionType::count: {
      auto number = parse_int(text);
      return number && *number >= row.least && *number <= row.most ? std::optional<Value>(*number) : std::nullopt;
    }
    case OptionType::duration: return parse_duration(text) ? std::optional<Value>(text) : std::nullopt;
    case OptionType::text: return Value(text);
    case OptionType::choice:
    case OptionType::map: return chosen ? std::optional<Value>(text) : std::nullopt;
    case OptionType::text_list: return Value(listed(text));
  }
  return std::nullopt;
}

Result<Value> option_value(const OptionRow& row, std::string_view text) {
  auto value = read_value(row, text);
  if (value) return std::move(*value);
  return Error{Fault::usage, cat(row.name, ": ", text.empty() ? "nothing" : printable(text), " is not ", option_kind(row))};
}

// A scalar that YAML reads back as this text, and never as an anchor, a tag or the start of something else.
static std::string scalar(std::string_view text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+";
  bool bare = !text.empty() && text.find_first_not_of(plain) == text.npos && text != "null";
  if (bare) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out.push_back('\\');
    if (byte < 0x20 || byte == 0x7f) out.append(cat("\\x", hex(byte, 2)));
    else out.push_back(c);
  }
  return out + "\"";
}

std::string option_text(const OptionRow&, const Value& value) {
  std::vector<std::string> pieces;
  if (value.array()) {
    for (const auto& item : *value.array()) pieces.push_back(scalar(item.text_or("")));
    return cat("[", join(pieces, ", "), "]");
  }
  if (value.map()) {
    for (const auto& [key, item] : *value.map()) pieces.push_back(cat(scalar(key), ": ", scalar(item.text_or(""))));
    return cat("{", join(pieces, ", "), "}");
  }
  if (value.text()) return scalar(*value.text());
  return to_json(value);
}

std::string option_variable(std::string_view name) {
  std::string out = "KRA_";
  for (char c : name) out.push_back(c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return out;
}

std::string_view source_name(Source source) {
  switch (source) {
    case Source::fallback: return "default";
    case Source::file: return "config.yaml";
    case Source::server: return "@kra-*";
    case Source::editor: return "setup()";
    case Source::environment: return "environment";
  }
  return "";
}

}  // namespace kra
