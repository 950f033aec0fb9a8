// What the user's own git is set to, read from ~/.gitconfig and config/git/config without starting git.
#pragma once

#include <string>
#include <string_view>

#include "os/disk.hpp"

namespace kra {

// "section.key" in lower case; empty when neither file has it.
std::string user_git_setting(Disk& disk, std::string_view name);
// As git reads a truth value: true, yes, on, 1.
bool is_true_setting(std::string_view text);

}  // namespace kra
