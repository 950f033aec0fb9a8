#include "tracer.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

#include "calls.hpp"

namespace kra::faults {

namespace {

volatile sig_atomic_t time_is_over = 0;

// --- the child -------------------------------------------------------------------------------------------------------

void install_filter() {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));  // another ABI's calls would pass unseen
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const auto& call : calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call.number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(126);
}

[[noreturn]] void be_the_command(const std::string& command, const std::string& out) {
  setpgid(0, 0);
  int fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int null = ::open("/dev/null", O_RDONLY);
  if (fd < 0 || null < 0 || dup2(fd, 1) < 0 || dup2(null, 0) < 0) _exit(126);
  ::close(fd);
  ::close(null);
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(126);
  raise(SIGSTOP);  // our parent sets its options before the filter is there
  install_filter();
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

// --- looking into the traced process ---------------------------------------------------------------------------------

std::string read_string(pid_t pid, unsigned long address) {
  std::string text;
  char page[4096];
  while (text.size() < 65536) {
    // Up to the end of the page: the next one may not be there.
    std::size_t length = sizeof page - address % sizeof page;
    iovec here{page, length}, there{reinterpret_cast<void*>(address), length};
    auto got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (got <= 0) break;
    auto end = std::find(page, page + got, '\0');
    text.append(page, end);
    if (end != page + got) break;
    address += static_cast<std::size_t>(got);
  }
  return text;
}

std::string link_target(const std::string& link) {
  char target[4096];
  auto length = readlink(link.c_str(), target, sizeof target);
  return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : "";
}

std::string path_of_fd(pid_t pid, long fd) { return link_target("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd)); }

std::string path_at(pid_t pid, long directory, unsigned long address) {
  auto path = read_string(pid, address);
  if (!path.empty() && path.front() == '/') return path;
  auto base = static_cast<int>(directory) == AT_FDCWD ? link_target("/proc/" + std::to_string(pid) + "/cwd") : path_of_fd(pid, static_cast<int>(directory));
  return path.empty() ? base : base + "/" + path;
}

bool writes_when_opened(const Call& call, pid_t pid, const user_regs_struct& regs) {
  unsigned long flags = 0;
  if (call.number == SYS_open) flags = regs.rsi;
  else if (call.number == SYS_openat) flags = regs.rdx;
  else if (call.number == SYS_openat2) {
    iovec here{&flags, sizeof flags}, there{reinterpret_cast<void*>(regs.rdx), sizeof flags};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0) return true;
  } else return true;
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

std::vector<std::string> paths_of(const Call& call, pid_t pid, const user_regs_struct& regs) {
  switch (call.place) {
    case Place::fd0: return {path_of_fd(pid, static_cast<int>(regs.rdi))};
    case Place::fd2: return {path_of_fd(pid, static_cast<int>(regs.rdx))};
    case Place::path0: return {path_at(pid, AT_FDCWD, regs.rdi)};
    case Place::path0_path1: return {path_at(pid, AT_FDCWD, regs.rdi), path_at(pid, AT_FDCWD, regs.rsi)};
    case Place::at01: return {path_at(pid, static_cast<int>(regs.rdi), regs.rsi)};
    case Place::at01_at23: return {path_at(pid, static_cast<int>(regs.rdi), regs.rsi), path_at(pid, static_cast<int>(regs.rdx), regs.r10)};
    case Place::at12: return {path_at(pid, static_cast<int>(regs.rsi), regs.rdx)};
    case Place::mapping: return {path_of_fd(pid, static_cast<int>(regs.r8))};
    case Place::ring: return {};
  }
  return {};
}

// --- one run ---------------------------------------------------------------------------------------------------------

class Run {
 public:
  Run(std::string state, const Stop& stop) : state_(std::move(state)), stop_(stop) {}

  Outcome watch(pid_t child) {
    live_.insert(first_ = child);
    while (!live_.empty()) {
      int status = 0;
      pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR && time_is_over) outcome_.hung = true, kill_all();
      else if (pid < 0 && errno != EINTR) break;
      else if (pid > 0) changed(pid, status);
    }
    return outcome_;
  }

 private:
  void changed(pid_t pid, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      live_.erase(pid);
      if (pid == first_) outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      return;
    }
    live_.insert(pid);
    int event = status >> 16, signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) return kill_all();  // the half of a torn call has been done
    if (event == PTRACE_EVENT_SECCOMP) return called(pid);
    bool ours = event != 0 || signal == SIGSTOP || signal == SIGTRAP;
    ptrace(PTRACE_CONT, pid, nullptr, ours ? 0 : signal);
  }

  void called(pid_t pid) {
    user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, nullptr, &regs) != 0) return;
    const auto* call = std::find_if(std::begin(calls), std::end(calls), [&](const Call& c) { return c.number == static_cast<int>(regs.orig_rax); });
    if (call == std::end(calls) || !counts(*call, pid, regs)) {
      ptrace(PTRACE_CONT, pid, nullptr, 0);
      return;
    }
    ++outcome_.points;
    ++outcome_.per_call[call->name];
    bool here = stop_.kind != Stop::Kind::nothing && (outcome_.points == stop_.at || (stop_.sticky && outcome_.points > stop_.at));
    if (!here) {
      ptrace(PTRACE_CONT, pid, nullptr, 0);
      return;
    }
    if (!outcome_.reached) outcome_.call = call->name, outcome_.path = path_;
    outcome_.reached = true;
    strike(*call, pid, regs);
  }

  void strike(const Call& call, pid_t pid, user_regs_struct& regs) {
    if (stop_.kind == Stop::Kind::error) {
      regs.orig_rax = static_cast<unsigned long>(-1);  // skipped
      regs.rax = static_cast<unsigned long>(-stop_.error);
      ptrace(PTRACE_SETREGS, pid, nullptr, &regs);
      ptrace(PTRACE_CONT, pid, nullptr, 0);
    } else if (stop_.kind == Stop::Kind::torn && call.writes && regs.rdx > 1) {
      regs.rdx /= 2;
      ptrace(PTRACE_SETREGS, pid, nullptr, &regs);
      ptrace(PTRACE_SYSCALL, pid, nullptr, 0);
    } else {
      if (stop_.before_kill) stop_.before_kill();
      kill_all();
    }
  }

  bool inside(const std::string& path) const {
    return path.compare(0, state_.size(), state_) == 0 && (path.size() == state_.size() || path[state_.size()] == '/');
  }

  bool counts(const Call& call, pid_t pid, const user_regs_struct& regs) {
    if (call.place == Place::ring) return outcome_.forbidden = call.name, false;
    if (call.place == Place::mapping && ((regs.r10 & MAP_SHARED) == 0 || (regs.rdx & PROT_WRITE) == 0 || static_cast<int>(regs.r8) < 0)) return false;
    if (!writes_when_opened(call, pid, regs)) return false;
    for (const auto& path : paths_of(call, pid, regs)) {
      if (!inside(path)) continue;
      if (call.place == Place::mapping) return outcome_.forbidden = "mmap of " + path, false;
      path_ = path;
      return true;
    }
    return false;
  }

  void kill_all() {
    for (pid_t pid : live_) ::kill(pid, SIGKILL);
    ::kill(-first_, SIGKILL);
  }

  std::string state_, path_;
  Stop stop_;
  Outcome outcome_;
  std::set<pid_t> live_;
  pid_t first_ = 0;
};

void limit_time(int seconds) {
  struct sigaction action = {};
  action.sa_handler = [](int) { time_is_over = 1; };
  sigaction(SIGALRM, &action, nullptr);
  time_is_over = 0;
  itimerval timer{{1, 0}, {seconds, 0}};  // again each second: a signal between two waits must not be the last
  if (seconds == 0) timer = {};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

Outcome run_traced(const std::string& command, const std::string& state, const std::string& out, const Stop& stop, int seconds) {
  pid_t child = fork();
  if (child == 0) be_the_command(command, out);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
    std::fputs("crashpoint: the command could not be traced\n", stderr);
    std::exit(3);
  }
  limit_time(seconds);
  ptrace(PTRACE_SETOPTIONS, child, nullptr,
         PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
             PTRACE_O_TRACESYSGOOD);
  ptrace(PTRACE_CONT, child, nullptr, 0);
  auto outcome = Run(state, stop).watch(child);
  limit_time(0);
  return outcome;
}

}  // namespace kra::faults
