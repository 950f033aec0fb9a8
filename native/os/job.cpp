#include "os/job.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace kra {

static constexpr std::array job_signals{SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

static void handle_job_signals(void (*handler)(int)) {
  for (int number : job_signals) ::signal(number, handler);
}

JobControl::JobControl() { handle_job_signals(SIG_IGN); }
JobControl::~JobControl() { handle_job_signals(SIG_DFL); }

static Error start_error(const Program& program, int number) {
  auto fault = number == ENOENT ? Fault::not_found : Fault::io;
  const char* why = number == ENOENT ? "not found" : std::strerror(number);
  return {fault, cat(program.argv.empty() ? "" : printable(program.argv[0]), ": ", why)};
}

// Returns the errno of the failure.
static int exec_program(const Program& program) {
  if (program.argv.empty() || program.argv[0].empty()) return ENOENT;
  for (const auto& name : program.unset) ::unsetenv(name.c_str());
  for (const auto& entry : program.environment)
    if (auto equal = entry.find('='); equal != std::string::npos) ::setenv(entry.substr(0, equal).c_str(), entry.c_str() + equal + 1, 1);
  // A directory that has gone is no reason to start nothing: whoever made the pane chose one that is there.
  if (!program.directory.empty() && ::chdir(program.directory.c_str()) == 0) ::setenv("PWD", program.directory.c_str(), 1);
  auto words = program.argv;
  if (!program.name.empty()) words[0] = program.name;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(program.argv[0].c_str(), argv.data());
  return errno;
}

Error become(const Program& program) { return start_error(program, exec_program(program)); }

// In the child: a group of its own, the terminal, then the program. Says through `trouble` why there is none.
[[noreturn]] static void run_child(const Program& program, const Terminal& terminal, int trouble) {
  ::setpgid(0, 0);
  terminal.give_to(::getpid());
  handle_job_signals(SIG_DFL);
  int number = exec_program(program);
  [[maybe_unused]] auto written = ::write(trouble, &number, sizeof number);
  ::_exit(127);
}

Result<Job> Job::start(const Program& program, const Terminal& terminal) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{Fault::io, cat("pipe: ", std::strerror(errno))};
  Fd trouble(ends[0]), theirs(ends[1]);
  pid_t pid = ::fork();
  if (pid < 0) return Error{Fault::io, cat("fork: ", std::strerror(errno))};
  if (pid == 0) run_child(program, terminal, theirs.get());
  // Both sides do it: whoever comes first, it is done before either goes on.
  ::setpgid(pid, pid);
  terminal.give_to(pid);
  theirs.reset();
  int number = 0;
  ssize_t count = 0;
  do count = ::read(trouble.get(), &number, sizeof number);
  while (count < 0 && errno == EINTR);
  if (count != sizeof number) return Job(pid);
  ::waitpid(pid, nullptr, 0);
  terminal.give_to(::getpgrp());
  return start_error(program, number);
}

// False when the state says that it has ended.
bool Job::note(int state) {
  if (WIFSTOPPED(state)) return true;
  status_ = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  ended_ = true;
  return false;
}

bool Job::wait_until_stopped() {
  while (!ended_) {
    int state = 0;
    pid_t found = ::waitpid(pid_, &state, WUNTRACED);
    if (found == pid_) return note(state);
    if (errno != EINTR) ended_ = true;
  }
  return false;
}

bool Job::ended() {
  int state = 0;
  if (!ended_ && ::waitpid(pid_, &state, WNOHANG) == pid_) note(state);
  return ended_;
}

void Job::go_on(const Terminal& terminal) const {
  terminal.give_to(pid_);
  ::kill(-pid_, SIGCONT);
}

}  // namespace kra
