// Which repository a directory belongs to, read from .git without starting git and without running anything of the repository's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/workspace.hpp"
#include "os/disk.hpp"

namespace kra {

// Remembers every directory that it looked at, so one object serves one save.
class Repositories {
 public:
  explicit Repositories(Disk& disk) : disk_(disk) {}

  // None or one: the nearest work tree at or above `directory` (absolute). Linked work trees and submodules count; what cannot be read
  // does not. The remote is that of the branch's upstream, else origin, without credentials; includes and insteadOf are not followed.
  const std::vector<Repository>& of(const std::string& directory);

 private:
  std::vector<Repository> look(const std::string& directory);
  std::vector<Repository> describe(const std::string& root, const std::string& git_directory, const std::string& head);

  Disk& disk_;
  std::map<std::string, std::vector<Repository>, std::less<>> known_;
};

// The last value of "section.subsection.key" in a git configuration file; section and key in lower case. Empty: not there.
std::string git_setting(std::string_view config, std::string_view name);
// The URL without a user's password or token in it.
std::string without_credentials(std::string_view url);

}  // namespace kra
