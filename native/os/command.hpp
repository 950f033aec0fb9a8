// Runs another program by its argument vector, never through a shell. The child gets its own process group, /dev/null or
// `input` on its standard input, and none of our descriptors. When the patience is over the whole group is killed and reaped.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace kra {

struct Command {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // NAME=value, added to (and replacing in) ours
  std::vector<std::string> unset;        // names taken out of ours
  std::string directory;                 // empty: ours
  std::string input;
  std::uint64_t output_limit = 64U << 20;
  int guard = -1;  // a descriptor that the child keeps to its end, as its fourth: what it locks stays locked when we are killed
};

struct Outcome {
  int status = 0;  // exit status, or 128 + signal
  std::string output;
  std::string errors;  // standard error, at most 64 KiB
};

// Errors: not_found (no such program), timed_out, refused (more output than allowed), io.
// A program that ran and exited with another status than 0 is no Error.
// `meanwhile` is done here once it has been started, while it works; until then it gets no input, and what it says waits in its pipes.
Result<Outcome> run(const Command& command, const Patience& patience, const std::function<void()>& meanwhile = {});

}  // namespace kra
