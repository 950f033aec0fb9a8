#include "engine/privacy.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "base/text.hpp"
#include "os/process.hpp"

namespace kra {
namespace {

// Without `.`, `..` and double slashes, by its text alone.
std::string plain(std::string_view path) {
  std::vector<std::string> parts;
  for (auto part : split(path, "/")) {
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return "/" + join(parts, "/");
}

bool matches(const std::string& glob, const std::string& text) { return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0; }

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// The part of a word that may be a path: what stands behind `--option=`.
std::string_view path_in(std::string_view word) {
  const auto equals = word.find('=');
  return word.starts_with('-') && equals != word.npos ? word.substr(equals + 1) : word;
}

}  // namespace

Privacy::Privacy(std::vector<std::string> exclude) : exclude_(std::move(exclude)) {
  for (auto& glob : exclude_) {
    if (glob.starts_with("~/")) glob = user_home() + glob.substr(1);
  }
}

bool Privacy::excludes(std::string_view path, std::string_view directory) const {
  if (exclude_.empty() || path.empty()) return false;
  auto full = std::string(path);
  if (path.starts_with("~/")) full = user_home() + full.substr(1);
  else if (!path.starts_with('/')) full = cat(directory, "/", path);
  const auto straight = plain(full);
  return std::any_of(exclude_.begin(), exclude_.end(), [&](const std::string& glob) {
    return glob.find('/') == std::string::npos ? matches(glob, name_of(path)) : matches(glob, full) || matches(glob, straight);
  });
}

bool Privacy::hides_program(const Pane& pane) const {
  const auto hidden = [&](const std::string& word) { return carries_secret(word) || excludes(path_in(word), pane.cwd); };
  const auto any = [&](const std::vector<std::string>& words) { return std::any_of(words.begin(), words.end(), hidden); };
  return any(pane.argv) || any(pane.command) || any(pane.resume);
}

bool Privacy::hides_contents(const Pane& pane) const {
  return hides_program(pane) || excludes(pane.cwd, "/") ||
         std::any_of(pane.argv.begin(), pane.argv.end(), [](const std::string& word) { return is_secret_file(path_in(word)); });
}

bool is_secret_file(std::string_view path) {
  const auto name = name_of(path);
  for (const char* glob : {".env*", "*.pem", "*.key", "*.p12", "*.pfx", "id_*", "*.gpg", "*.asc", "*.kdbx", ".netrc", ".pgpass", "*.age",
                           "credentials*", "*secret*"}) {
    if (matches(glob, name)) return true;
  }
  return false;
}

bool carries_secret(std::string_view word) {
  constexpr std::string_view solid = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  for (std::string_view prefix : {"ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "AKIA", "xoxb-", "xoxp-", "sk-ant-", "sk-proj-"}) {
    const auto at = word.find(prefix);
    if (at == word.npos) continue;
    const auto rest = word.substr(at + prefix.size());
    if (std::min(rest.find_first_not_of(solid), rest.size()) >= 12) return true;
  }
  for (std::string_view option : {"--password=", "--passwd=", "--token=", "--secret=", "--api-key=", "--apikey=", "--passphrase="}) {
    if (word.starts_with(option) && word.size() > option.size()) return true;
  }
  if (word.find("PRIVATE KEY-----") != word.npos || word.find("Authorization:") != word.npos) return true;
  // https://user:password@host
  const auto scheme = word.find("://");
  if (scheme == word.npos) return false;
  const auto place = word.substr(scheme + 3, word.find('/', scheme + 3) - scheme - 3);
  const auto user = place.substr(0, place.rfind('@'));
  return user.size() < place.size() && user.find(':') != user.npos;
}

}  // namespace kra
