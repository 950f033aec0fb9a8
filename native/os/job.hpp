// Programs that own the terminal, started as a shell starts its jobs: each in a process group of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/terminal.hpp"

namespace kra {

struct Program {
  std::vector<std::string> argv;         // exact bytes; argv[0] without a slash is looked for on PATH
  std::string name;                      // what the program sees as argv[0]; empty: argv[0]
  std::string directory;                 // where it starts; empty or gone: where we are
  std::vector<std::string> environment;  // NAME=value, added to ours
  std::vector<std::string> unset;        // names taken out of ours first
};

// This process becomes the program. Returns only when that failed: not_found, or io with the system's words.
Error become(const Program& program);

// Ctrl-C, Ctrl-Z and their like are for the job, not for the one that waits for it. Gives them back when it goes.
class JobControl {
 public:
  JobControl();
  ~JobControl();
  JobControl(const JobControl&) = delete;
  JobControl& operator=(const JobControl&) = delete;
};

class Job {
 public:
  // Started, with the terminal. Errors as those of become(): nothing runs then. A JobControl must be there.
  static Result<Job> start(const Program& program, const Terminal& terminal);

  // Waits until it stops or ends. False: it has ended.
  bool wait_until_stopped();
  // Whether it has ended meanwhile; does not wait.
  bool ended();
  // Gets the terminal again and goes on.
  void go_on(const Terminal& terminal) const;
  int status() const { return status_; }  // exit status, or 128 + signal; after its end

 private:
  explicit Job(pid_t pid) : pid_(pid) {}
  bool note(int state);
  pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace kra
