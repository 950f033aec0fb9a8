#include "engine/privacy.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/secrets.hpp"
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

bool Privacy::hides(const std::vector<std::string>& words, std::string_view directory) const {
  return carries_secret(words) ||
         std::any_of(words.begin(), words.end(), [&](const std::string& word) { return excludes(path_in(word), directory); });
}

bool Privacy::hides_program(const Pane& pane) const {
  return hides(pane.argv, pane.cwd) || hides(pane.command, pane.cwd) || hides(pane.resume, pane.cwd);
}

bool Privacy::hides_title(const Pane& pane) const { return carries_secret(pane.title); }

bool Privacy::hides_contents(const Pane& pane) const {
  return hides_program(pane) || excludes(pane.cwd, "/") ||
         std::any_of(pane.argv.begin(), pane.argv.end(), [](const std::string& word) { return is_secret_file(path_in(word)); });
}

void Privacy::clean(Value& state) const {
  auto* entries = state.map();
  if (!entries) return;
  for (auto& [key, buffers] : *entries) {
    if (key != "buffers" || !buffers.array()) continue;
    for (auto& buffer : *buffers.array()) {
      const auto& terminal = buffer["terminal"];
      if (!terminal.map()) continue;
      std::vector<std::string> argv;
      if (terminal["argv"].array())
        for (const auto& word : *terminal["argv"].array()) argv.push_back(word.text_or(""));
      const auto cwd = terminal["cwd"].text_or("/");
      if (hides(argv, cwd)) buffer.set("terminal", Value::Map{{"cwd", cwd}, {"argv", Value::Array{argv[0]}}});
    }
  }
}

bool is_secret_file(std::string_view path) {
  const auto name = name_of(path);
  for (const char* glob : {".env*", "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.pkcs12", "*.ppk", "*.jks", "*.keystore", "*.kdb", "*.kdbx", "*.gpg", "*.asc",
                           "*.age", "*.ovpn", "*.tfvars", "*.tfstate*", "id_*", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".git-credentials",
                           ".htpasswd", ".authinfo*", ".dockercfg", ".s3cfg", ".boto", ".vault-token", ".vault_pass*", ".rhosts", "credentials*", "*secret*",
                           "*password*", "*passwd*", "shadow", "shadow-", "gshadow", "gshadow-", "wallet.dat", "master.key"}) {
    if (matches(glob, name)) return true;
  }
  const auto full = cat("/", path);
  for (const char* glob : {"*/.ssh/*", "*/.gnupg/*", "*/.aws/*", "*/.password-store/*", "*/.kube/config", "*/.docker/config.json", "*/.config/gh/hosts.yml"}) {
    if (matches(glob, full)) return true;
  }
  return false;
}

}  // namespace kra
