#include "cli/config_edit.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra::cli {

namespace {

using Node = ConfigNode;

const Node* entry(const Node& map, std::string_view key) {
  for (std::size_t at = 0; at < map.keys.size(); ++at)
    if (map.keys[at].text == key) return &map.items[at];
  return nullptr;
}

class Editor {
 public:
  Editor(std::string text, std::string_view section, std::string_view key, std::string_view value)
      : text_(std::move(text)), section_(section), key_(key), value_(value) {
    if (!text_.empty() && text_.back() != '\n') text_.push_back('\n');
  }

  std::string edited(const Node& root) {
    const auto* section = entry(root, section_);
    if (!section) return with_section(root);
    const auto* option = entry(*section, key_);
    if (option) replace(*option);
    else if (section->kind == Node::Kind::map) insert(*section);
    else insert_below(root);
    return std::move(text_);
  }

 private:
  std::size_t offset(const Node& node) const {
    std::size_t at = 0;
    for (int line = 1; line < node.line; ++line) at = text_.find('\n', at) + 1;
    return std::min(at + static_cast<std::size_t>(node.column - 1), text_.size());
  }
  bool is_flow(const Node& map) const { return offset(map) < text_.size() && text_[offset(map)] == '{'; }

  std::string with_section(const Node& root) {
    if (root.kind == Node::Kind::map && is_flow(root)) {
      auto entry_text = cat(section_, ": {", key_, ": ", value_, "}", root.keys.empty() ? "" : ", ");
      text_.insert(offset(root) + 1, entry_text);
    } else {
      text_.append(cat(text_.empty() ? "" : "\n", section_, ":\n  ", key_, ": ", value_, "\n"));
    }
    return std::move(text_);
  }

  void insert(const Node& section) {
    auto at = offset(section);
    if (is_flow(section)) {
      text_.insert(at + 1, cat(key_, ": ", value_, section.keys.empty() ? "" : ", "));
    } else {
      // In front of the first setting, indented as it is.
      text_.insert(at, cat(key_, ": ", value_, "\n", std::string(static_cast<std::size_t>(section.column - 1), ' ')));
    }
  }

  // A section without settings: a new line below its name.
  void insert_below(const Node& root) {
    for (const auto& key : root.keys)
      if (key.text == section_) text_.insert(text_.find('\n', offset(key)) + 1, cat("  ", key_, ": ", value_, "\n"));
  }

  void replace(const Node& option) {
    auto begin = offset(option);
    auto end = option.kind == Node::Kind::nothing ? begin : end_of(option, begin);
    bool spaced = begin > 0 && (text_[begin - 1] == ' ' || text_[begin - 1] == '-');
    text_.replace(begin, end - begin, cat(spaced ? "" : " ", value_));
  }

  // One past the last byte of a value.
  std::size_t end_of(const Node& node, std::size_t begin) const {
    char first = text_[begin];
    if (first == '"' || first == '\'') return after_quote(begin);
    if (first == '[' || first == '{') return after_bracket(begin);
    if (node.kind != Node::Kind::scalar && !node.items.empty()) return end_of(node.items.back(), offset(node.items.back()));
    auto end = begin;
    while (end < text_.size() && text_[end] != '\n' && text_[end] != ',' && text_[end] != '}' && text_.compare(end, 2, " #") != 0) ++end;
    while (end > begin && text_[end - 1] == ' ') --end;
    return end;
  }

  std::size_t after_quote(std::size_t at) const {
    char quote = text_[at++];
    for (; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\') ++at;
      else if (text_[at] == quote && quote == '\'' && text_.compare(at, 2, "''") == 0) ++at;
      else if (text_[at] == quote) return at + 1;
    }
    return text_.size();
  }

  std::size_t after_bracket(std::size_t at) const {
    int depth = 0;
    while (at < text_.size()) {
      char c = text_[at];
      if (c == '"' || c == '\'') {
        at = after_quote(at);
        continue;
      }
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && --depth == 0) return at + 1;
      ++at;
    }
    return at;
  }

  std::string text_;
  std::string_view section_, key_, value_;
};

// Only `name` differs, and it has the value that was asked for.
bool only_changed(const LoadedSettings& before, const LoadedSettings& after, const OptionRow& row, const std::string& value) {
  for (std::size_t at = 0; at < before.all.size(); ++at) {
    if (before.all[at].name == row.name) {
      if (option_text(row, after.all[at].value) != value && after.all[at].source != Source::environment) return false;
    } else if (before.all[at].value != after.all[at].value || before.all[at].source != after.all[at].source) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<std::string> with_setting(const std::string& file_name, const std::string& yaml, const OptionRow& row, const std::string& value) {
  auto before = load_settings(file_name, yaml);
  if (!before) return Error{Fault::refused, std::move(before.error().what)};
  auto root = TRY(parse_yaml(file_name, yaml));
  auto dot = row.name.find('.');
  auto edited = Editor(yaml, row.name.substr(0, dot), row.name.substr(dot + 1), value).edited(root);
  auto after = load_settings(file_name, edited);
  if (after && only_changed(*before, *after, row, value)) return edited;
  return Error{Fault::refused, cat(file_name, ": ", row.name, " cannot be changed there without touching other lines; `kra config edit` opens the file")};
}

std::string sample_config() {
  std::string out = "# Settings of kra, kra.yaml(5). What stands here are the defaults; take the # away to change one.\n";
  std::string section;
  for (const auto& row : option_table()) {
    auto dot = row.name.find('.');
    if (row.name.substr(0, dot) != section) out.append(cat("\n#", section = row.name.substr(0, dot), ":\n"));
    auto setting = cat("#  ", row.name.substr(dot + 1), ": ", row.fallback);
    if (setting.size() < 40) setting.append(40 - setting.size(), ' ');
    out.append(cat(setting, "  # ", row.text, "\n"));
  }
  return out;
}

}  // namespace kra::cli
