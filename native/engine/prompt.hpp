// Whether a command line is that of a shell at its prompt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kra {

// "bash" of "-bash", "/bin/bash".
std::string shell_name(const std::vector<std::string>& argv);
// The base name of a shell that people use.
bool is_shell(std::string_view name);
// A shell (a known one, or the server's default) that reads commands from its terminal: no script, no -c.
bool is_shell_at_prompt(const std::vector<std::string>& argv, const std::string& default_shell);

}  // namespace kra
