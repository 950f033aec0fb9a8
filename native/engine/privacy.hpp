// What may be stored. One predicate for every way out; the settings and a table of well-known names decide.
//  - a pane whose arguments name something under privacy.exclude, or carry a password or token (engine/secrets.hpp), is stored without its program, its title
//    and its contents: it comes back as a shell in its directory
//  - a pane whose arguments name a well-known secret file (.env, *.pem, id_*, …) is stored without its contents
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/workspace.hpp"

namespace kra {

class Privacy {
 public:
  // Globs of privacy.exclude, as fnmatch(3) reads them; `*` matches slashes too, `~/` is HOME, and one without a slash is matched
  // against names only.
  explicit Privacy(std::vector<std::string> exclude);

  // Under one of the globs. `path` may be relative to `directory`.
  bool excludes(std::string_view path, std::string_view directory) const;
  // May the pane's arguments and title be stored?
  bool hides_program(const Pane& pane) const;
  // May its title?
  bool hides_title(const Pane& pane) const;
  // May what is on the pane's screen be stored?
  bool hides_contents(const Pane& pane) const;
  // Of an editor's state: a terminal whose arguments may not be stored keeps its program's name alone.
  void clean(Value& state) const;

 private:
  bool hides(const std::vector<std::string>& words, std::string_view directory) const;
  std::vector<std::string> exclude_;
};

// A file that by its name holds keys or passwords.
bool is_secret_file(std::string_view path);

}  // namespace kra
