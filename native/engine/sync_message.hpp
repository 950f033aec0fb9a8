// The message of a commit that a sync makes, from the template of the user's (sync.message).
#pragma once

#include <cstdint>
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

// What a commit says of the device that made it.
struct CommitOrigin {
  std::string device = "remote";  // fit for a file's name; this where the commit names none
  std::string head;               // the commit that the user had checked out then, in mode shadow
  std::int64_t seconds = 0;       // when it was committed
};
// The lines at the end of a message that say so.
std::string origin_lines(const CommitOrigin& origin);
// Reads them from the bytes of a commit object.
CommitOrigin origin_of(std::string_view commit);

}  // namespace kra
