#include "engine/prompt.hpp"

#include "base/text.hpp"

namespace kra {

static std::string base_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string shell_name(const std::vector<std::string>& argv) {
  if (argv.empty()) return "";
  return base_name(std::string_view(argv[0]).substr(argv[0].starts_with('-') ? 1 : 0));
}

bool is_shell(std::string_view name) {
  constexpr std::string_view known = " sh ash bash csh dash elvish fish ksh mksh nu pwsh tcsh xonsh yash zsh ";
  return known.find(cat(" ", name, " ")) != known.npos;
}

// fish runs the command after -C before its first prompt.
static bool is_interactive(const std::vector<std::string>& argv) {
  const bool fish = !argv.empty() && base_name(argv[0]).ends_with("fish");
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if (word == "--rcfile" || word == "--init-file" || word == "-o" || word == "+o" || word == "-O" || word == "+O" || (fish && word == "-C")) {
      ++i;
    } else if (word.starts_with("--")) {
      continue;
    } else if (!word.starts_with('-') && !word.starts_with('+')) {
      return false;
    } else if (word.find('c') != word.npos) {
      return false;
    }
  }
  return true;
}

bool is_shell_at_prompt(const std::vector<std::string>& argv, const std::string& default_shell) {
  const auto name = shell_name(argv);
  return (is_shell(name) || name == base_name(default_shell)) && is_interactive(argv);
}

}  // namespace kra
