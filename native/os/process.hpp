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
// Whether the terminal on the standard input of `pid` takes a line without showing it, as it does for a password. A program that reads
// key by key (an editor, a shell at its prompt) is none of that.
bool hides_input(pid_t pid);
// What a process has done so far, as far as the system tells.
struct ProcessPast {
  std::int64_t started_ms = 0;             // since 1970
  std::string cwd;                         // exact bytes; empty when it cannot be read
  std::vector<pid_t> children;             // that live
  bool reaped_children = false;            // some have ended and were waited for
  std::int64_t input_ms = 0;               // since 1970: when somebody last read from its terminal, at most 8 s off; its making at first
  std::optional<std::int64_t> last_ran_ms;  // after its start: the last time it was on a processor
  std::optional<std::int64_t> waits;        // how often it has waited for something: a key, a child
};
// not_found when it has gone or has no terminal on its standard input.
Result<ProcessPast> past_of(pid_t pid);
// The process that had this pid and start time has not ended (one that waits to be reaped has).
bool still_runs(pid_t pid, std::uint64_t start);
// Another one after each start of the system; empty when it cannot be told.
std::string boot_id();
std::string host_name();
std::string user_home();  // $HOME, or "/" when it is not set

}  // namespace kra
