#include "peers/shell.hpp"

#include <cstdlib>

#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("a pane's shell is a login shell unless there is a default command") {
  auto plain = pane_shell("/usr/bin/zsh", "");
  CHECK(plain.argv == std::vector<std::string>{"/usr/bin/zsh"});
  CHECK(plain.name == "-zsh");
  auto command = pane_shell("/bin/bash", "exec 'a b' \"$HOME\"");
  CHECK(command.argv == std::vector<std::string>{"/bin/bash", "-c", "exec 'a b' \"$HOME\""});
  CHECK(command.name == "bash");
}

TEST_CASE("without a default shell it is the one of the environment") {
  const char* before = std::getenv("SHELL");
  std::string kept = before ? before : "";
  ::setenv("SHELL", "/opt/fish", 1);
  CHECK(pane_shell("", "").argv[0] == "/opt/fish");
  ::setenv("SHELL", "fish", 1);
  CHECK(pane_shell("", "").argv[0] == "/bin/sh");
  ::unsetenv("SHELL");
  CHECK(pane_shell("", "").name == "-sh");
  if (before) ::setenv("SHELL", kept.c_str(), 1);
}

TEST_CASE("the shell of a pane inherits nothing that a restore left for its program") {
  CHECK(pane_shell("/bin/sh", "").unset == std::vector<std::string>{"KRA_RESTORE", "KRA_EDITOR", "KRA_GENERATION"});
}
