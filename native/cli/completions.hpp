// Completion files of the three shells, made from the table.
#pragma once

#include <string>

namespace kra::cli {

std::string bash_completions();
std::string zsh_completions();
std::string fish_completions();

}  // namespace kra::cli
