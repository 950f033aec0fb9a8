// What the system knows about running processes, without starting one (on Linux from /proc).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace kra {

// The program in the foreground of a terminal.
struct Foreground {
  pid_t pid = 0;
  std::vector<std::string> argv;  // exact bytes
  std::string cwd;                // exact bytes; empty when it cannot be read
  bool is_leader = false;         // the pane's own first process (its shell) is in front
};

// The foreground process group of the terminal whose session leader is `leader` (a pane's pid). A wrapper without job
// control (`sh -c 'a; b'`) is followed to its only child. not_found when the process has gone.
Result<Foreground> foreground_of(pid_t leader);

// `pid` or its parent is of the foreground process group of the terminal whose session leader is `leader`. A server that a program on the
// terminal has started in a session of its own counts as that program. false when one of them has gone.
bool in_foreground(pid_t leader, pid_t pid);

std::optional<std::string> environment_of(pid_t pid, std::string_view name);
// Start time in clock ticks since boot (field 22 of stat): with the pid it names a process for good.
std::optional<std::uint64_t> start_time_of(pid_t pid);
std::string host_name();
std::string user_home();  // $HOME, or "/" when it is not set

}  // namespace kra
