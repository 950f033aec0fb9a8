#include "engine/sync_user.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "os/paths.hpp"
#include "os/process.hpp"
#include "peers/git.hpp"

namespace kra {

std::string user_git_setting(Disk& disk, std::string_view name) {
  const auto home = user_home();
  const char* config_home = std::getenv("XDG_CONFIG_HOME");
  for (const auto& path : {home + "/.gitconfig", (config_home && *config_home ? std::string(config_home) : home + "/.config") + "/git/config"})
    if (const auto text = disk.read(followed(path), 1U << 20))
      if (auto value = git_setting(*text, name); !value.empty()) return value;
  return "";
}

bool is_true_setting(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower == "true" || lower == "yes" || lower == "on" || lower == "1";
}

}  // namespace kra
