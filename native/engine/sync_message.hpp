// The message of a commit that a sync makes, from the template of the user's (sync.message).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kra {

using Placeholders = std::vector<std::pair<std::string_view, std::string>>;  // name, without braces -> value

// {host} {device} {reason} {count} {branch} {date} {time} {files}: each once through, so a value that holds braces stays as it is. What is
// no placeholder stays too. Never empty: git would refuse it.
std::string filled_message(std::string_view text, const Placeholders& values);

// "a.txt, dir/b, … and 7 more" for {files}.
std::string file_names(const std::vector<std::string>& paths);

}  // namespace kra
