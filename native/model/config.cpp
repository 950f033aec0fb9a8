// Settings from their sources: the file's tree and the environment over the table's defaults.
#include "model/config.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace kra {

void LoadedSettings::give_value(const OptionRow& row, Value value, Source source) {
  for (auto& setting : all) {
    if (setting.name != row.name || setting.source > source) continue;
    if (row.store) row.store(settings, value);
    setting.value = std::move(value);
    setting.source = source;
  }
}

Result<void> LoadedSettings::give(const OptionRow& row, std::string_view text, Source source) {
  give_value(row, TRY(option_value(row, text)), source);
  return {};
}

const Setting& LoadedSettings::of(std::string_view name) const {
  return *std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return setting.name == name; });
}

namespace {

using Node = ConfigNode;

// Walks the file's tree by the table.
class Reader {
 public:
  Reader(const std::string& file_name, LoadedSettings& loaded) : file_name_(file_name), loaded_(loaded) {}

  Result<void> root(const Node& node) {
    if (node.kind == Node::Kind::nothing) return {};
    if (node.kind != Node::Kind::map) return wrong(node, "sections such as `autosave:` stand at the top");
    for (std::size_t at = 0; at < node.keys.size(); ++at) {
      auto name = TRY(key(node, at, ""));
      if (!is_section(name)) return unknown(node.keys[at], "section", name, section_names());
      TRY(section(name, node.items[at]));
    }
    return {};
  }

 private:
  Result<void> section(const std::string& name, const Node& node) {
    if (node.kind == Node::Kind::nothing) return {};
    if (node.kind != Node::Kind::map) return wrong(node, cat(name, " holds settings, one a line: `", name, ": {name: value}`"));
    for (std::size_t at = 0; at < node.keys.size(); ++at) {
      auto full = cat(name, ".", TRY(key(node, at, name)));
      const auto* row = find_option(full);
      if (!row) return unknown(node.keys[at], "setting", full, option_names());
      auto value = option(*row, node.items[at]);
      if (!value) return wrong(node.items[at], value.error().what);
      loaded_.give_value(*row, std::move(*value), Source::file);
    }
    return {};
  }

  // The key as text; each stands once.
  Result<std::string> key(const Node& map, std::size_t at, const std::string& where) {
    const auto& node = map.keys[at];
    if (node.kind != Node::Kind::scalar) return wrong(node, "a key is one word");
    for (std::size_t before = 0; before < at; ++before)
      if (map.keys[before].text == node.text)
        return wrong(node, cat(where, where.empty() ? "" : ".", printable(node.text), " stands twice (first in line ", map.keys[before].line, ")"));
    return node.text;
  }

  Result<Value> option(const OptionRow& row, const Node& node) {
    if (row.type == OptionType::text_list) return texts(row, node);
    if (row.type == OptionType::map && node.kind == Node::Kind::map) return globs(row, node);
    if (node.kind != Node::Kind::scalar) return Error{Fault::usage, cat(row.name, " is ", option_kind(row))};
    return option_value(row, node.text);
  }

  Result<Value> texts(const OptionRow& row, const Node& node) {
    Value::Array items;
    for (const auto& item : node.items) {
      if (item.kind != Node::Kind::scalar) return Error{Fault::usage, cat(row.name, " is a list of texts")};
      items.emplace_back(item.text);
    }
    if (node.kind != Node::Kind::list) return Error{Fault::usage, cat(row.name, " is a list of texts: [one, two]")};
    return Value(std::move(items));
  }

  Result<Value> globs(const OptionRow& row, const Node& node) {
    Value::Map entries;
    for (std::size_t at = 0; at < node.keys.size(); ++at) {
      auto glob = TRY(key(node, at, std::string(row.name)));
      if (node.items[at].kind != Node::Kind::scalar) return Error{Fault::usage, cat(row.name, " maps a glob to one word")};
      entries.emplace_back(glob, TRY(option_value(row, node.items[at].text)));
    }
    return Value(std::move(entries));
  }

  Error wrong(const Node& node, const std::string& what) const {
    // An error from below already names its place.
    if (what.starts_with(file_name_ + ":")) return {Fault::usage, what};
    return {Fault::usage, cat(file_name_, ":", node.line, ":", node.column, ": ", what)};
  }

  Error unknown(const Node& node, std::string_view what, const std::string& name, const std::vector<std::string>& known) const {
    auto meant = nearest(name, known);
    return wrong(node, cat("unknown ", what, " ", printable(name), meant ? cat("; did you mean ", *meant, "?") : "; `kra config show` lists them"));
  }

  static std::vector<std::string> option_names() {
    std::vector<std::string> names;
    for (const auto& row : option_table()) names.emplace_back(row.name);
    return names;
  }

  static std::vector<std::string> section_names() {
    std::vector<std::string> names;
    for (const auto& row : option_table()) {
      auto name = std::string(row.name.substr(0, row.name.find('.')));
      if (names.empty() || names.back() != name) names.push_back(name);
    }
    return names;
  }

  static bool is_section(const std::string& name) {
    auto names = section_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  const std::string& file_name_;
  LoadedSettings& loaded_;
};

// The table's defaults are YAML too, so that they are read as a user's would be.
std::string defaults_yaml() {
  std::string out, section;
  for (const auto& row : option_table()) {
    auto dot = row.name.find('.');
    if (row.name.substr(0, dot) != section) out.append(cat(section = row.name.substr(0, dot), ":\n"));
    out.append(cat("  ", row.name.substr(dot + 1), ": ", row.fallback, "\n"));
  }
  return out;
}

// tmux people write switches as 1 and 0 too, and lists with blanks.
Result<Value> server_value(const OptionRow& row, std::string_view text) {
  if (row.type == OptionType::flag && (text == "1" || text == "0")) return Value(text == "1");
  if (row.type != OptionType::text_list) return option_value(row, text);
  Value::Array items;
  for (auto part : split(text, ",")) {
    for (auto item : split(part, " "))
      if (!item.empty()) items.emplace_back(item);
  }
  return Value(std::move(items));
}

void take_environment(const OptionRow& row, LoadedSettings& loaded) {
  const char* text = std::getenv(cat("KRA_SERVER_", option_variable(row.name).substr(4)).c_str());
  if (row.server_option.empty() || !text || !*text) return;
  if (auto value = server_value(row, text)) loaded.give_value(row, std::move(*value), Source::server);
}

}  // namespace

Settings in_server(Settings settings, const std::vector<ServerOption>& options) {
  for (const auto& [name, text] : options) {
    for (const auto& row : option_table()) {
      if (row.server_option != name || text.empty()) continue;
      if (std::find(settings.fixed.begin(), settings.fixed.end(), row.name) != settings.fixed.end()) continue;
      if (auto value = server_value(row, text)) row.store(settings, *value);
    }
  }
  return settings;
}

Result<LoadedSettings> load_settings(const std::string& file_name, std::string_view yaml) {
  LoadedSettings loaded;
  for (const auto& row : option_table()) loaded.all.push_back({std::string(row.name), Value(), Source::fallback});
  auto defaults = TRY(parse_yaml("defaults", defaults_yaml()));
  TRY(Reader("defaults", loaded).root(defaults));
  for (auto& setting : loaded.all) setting.source = Source::fallback;
  auto tree = TRY(parse_yaml(file_name, yaml));
  TRY(Reader(file_name, loaded).root(tree));
  for (const auto& row : option_table()) {
    take_environment(row, loaded);
    const char* text = std::getenv(option_variable(row.name).c_str());
    if (!text || !*text) continue;
    TRY_TO(cat("environment ", option_variable(row.name)), loaded.give(row, text, Source::environment));
    loaded.settings.fixed.emplace_back(row.name);
  }
  return loaded;
}

}  // namespace kra
