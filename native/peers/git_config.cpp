// The syntax of git-config(1), as far as plain values go.
#include <cctype>

#include "base/text.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

bool space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::string find(std::string_view wanted) {
    std::string found;
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '[') section();
      else if (c == '#' || c == ';') line();
      else if (c == '\n' || space(c)) rest_.remove_prefix(1);
      else if (auto value = assignment(wanted); !value.empty()) found = std::move(value);
    }
    return found;
  }

 private:
  void line() {
    const auto end = rest_.find('\n');
    rest_ = end == rest_.npos ? "" : rest_.substr(end + 1);
  }

  // [section], [section "sub \"section\""] or the old [section.subsection]
  void section() {
    rest_.remove_prefix(1);
    const auto end_of_name = rest_.find_first_of(" \t]\n\"");
    section_ = lower(rest_.substr(0, end_of_name));
    rest_ = end_of_name == rest_.npos ? "" : rest_.substr(end_of_name);
    bool quoted = false;
    while (!rest_.empty() && rest_[0] != '\n') {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (!quoted && c == ']') return;
      if (c == '"') {
        if (!quoted) section_ += '.';
        quoted = !quoted;
      } else if (quoted && c == '\\' && !rest_.empty()) {
        section_ += rest_[0];
        rest_.remove_prefix(1);
      } else if (quoted) {
        section_ += c;
      }
    }
  }

  std::string assignment(std::string_view wanted) {
    const auto end = rest_.find_first_of("=\n \t\r#;");
    const auto key = lower(rest_.substr(0, end));
    rest_ = end == rest_.npos ? "" : rest_.substr(end);
    while (!rest_.empty() && space(rest_[0])) rest_.remove_prefix(1);
    if (rest_.empty() || rest_[0] != '=') return line(), "";
    rest_.remove_prefix(1);
    auto value = read_value();
    return cat(section_, ".", key) == wanted ? value : "";
  }

  std::string read_value() {
    std::string value;
    std::size_t solid = 0;  // length without spaces at the end
    bool quoted = false;
    while (!rest_.empty()) {
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\n') break;
      if (c == '"') {
        quoted = !quoted;
        continue;
      }
      if (!quoted && (c == '#' || c == ';')) {
        line();
        break;
      }
      if (!quoted && space(c) && value.empty()) continue;
      if (c == '\\' && !rest_.empty()) {
        c = rest_[0];
        rest_.remove_prefix(1);
        if (c == '\n') continue;
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c;
        value += c, solid = value.size();
        continue;
      }
      value += c;
      if (quoted || !space(c)) solid = value.size();
    }
    value.resize(solid);
    return value;
  }

  std::string_view rest_;
  std::string section_;
};

}  // namespace

std::string git_setting(std::string_view config, std::string_view name) { return Parser(config).find(name); }

std::string without_credentials(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return std::string(url);
  const auto host = scheme + 3;
  const auto end = url.find_first_of("/?#", host);
  const auto at = url.substr(0, end).rfind('@');
  if (at == url.npos || at < host) return std::string(url);
  const auto user = url.substr(host, at - host);
  // Over http a user name alone may be a token; over ssh it belongs to the address.
  const bool keep = !url.starts_with("http") && user.find(':') == user.npos;
  return keep ? std::string(url) : cat(url.substr(0, host), url.substr(at + 1));
}

}  // namespace kra
