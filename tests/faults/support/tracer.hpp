// Runs a command and stops the world just before its k-th file-system call inside one directory: the whole process tree is killed there, or
// the call is cut in half first, or it returns an error and the program goes on. ptrace gives one order over all processes; a seccomp
// filter lets only the calls of calls.hpp stop, so that the program runs near its full speed. Linux on x86-64.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace kra::faults {

struct Stop {
  enum class Kind { nothing, kill, torn, error };
  Kind kind = Kind::nothing;
  long at = 0;          // 1 is the first call
  int error = 0;        // errno
  bool sticky = false;  // every later call fails too
  std::function<void()> before_kill;
};

struct Outcome {
  long points = 0;      // calls inside the directory that were seen
  bool reached = false; // the stop happened
  bool hung = false;    // killed after the time limit
  int status = 0;       // exit status of the command, or 128 + signal
  std::string call, path;  // where it was stopped
  std::string forbidden;   // something that hides writes from us
  std::map<std::string, long> per_call;
};

// `command` runs in /bin/sh with its standard output in `out`. `state` must be a real path.
Outcome run_traced(const std::string& command, const std::string& state, const std::string& out, const Stop& stop, int seconds);

}  // namespace kra::faults
