#include "peers/shell.hpp"

#include <cstdlib>

namespace kra {

static std::string shell_path(const std::string& default_shell) {
  if (!default_shell.empty()) return default_shell;
  const char* own = std::getenv("SHELL");  // tmux sets it to default-shell
  return own && own[0] == '/' ? own : "/bin/sh";
}

Program pane_shell(const std::string& default_shell, const std::string& default_command) {
  auto path = shell_path(default_shell);
  auto name = path.substr(path.rfind('/') + 1);
  Program shell{.argv = {path}, .name = "-" + name, .unset = {"KRA_RESTORE", "KRA_EDITOR", "KRA_GENERATION"}};
  if (default_command.empty()) return shell;
  shell.argv = {path, "-c", default_command};
  shell.name = name;
  return shell;
}

}  // namespace kra
