#include "tests/bench/bench.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "os/command.hpp"

extern char** environ;

namespace kra::bench {

Mode mode_of(int argc, char** argv) {
  Mode mode;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--sample") mode.sample = true;
    if (word == "--seed" && i + 1 < argc) mode.seed = std::strtoull(argv[++i], nullptr, 10);
  }
  return mode;
}

bool report(const Mode& mode, const Bar& bar) {
  bool met = bar.at_least ? bar.figure >= bar.limit : bar.figure <= bar.limit;
  bool judged = !(bar.timed && mode.sample);
  Value::Map line{{"bar", bar.bar}, {"figure", bar.figure}, {"limit", bar.limit}, {"floor", bar.floor}, {"unit", bar.unit},
                  {"n", bar.n}, {"seed", mode.seed}, {"judged", judged}, {"pass", met}};
  std::puts(to_json(line).c_str());
  std::fflush(stdout);
  return met || !judged;
}

void skip(const std::string& bar, const std::string& reason) {
  std::puts(to_json(Value::Map{{"bar", bar}, {"skipped", reason}}).c_str());
}

static std::vector<char*> pointers(const std::vector<std::string>& argv) {
  std::vector<char*> out;
  for (const auto& word : argv) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

Run time_of(const std::vector<std::string>& argv) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  auto words = pointers(argv);
  pid_t pid = 0;
  auto begun = Clock::now();
  int failed = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return {.status = 127};
  rusage usage{};
  Run run;
  ::wait4(pid, &run.status, 0, &usage);
  run.wall_us = std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
  auto us = [](const timeval& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); };
  run.cpu_us = us(usage.ru_utime) + us(usage.ru_stime);
  run.peak_kb = usage.ru_maxrss;
  return run;
}

int system_calls_of(const std::vector<std::string>& argv) {
  pid_t pid = ::fork();
  if (pid == 0) {
    int null = ::open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) ::dup2(null, fd);
    ::close(null);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::execvp(argv[0].c_str(), pointers(argv).data());
    ::_exit(127);
  }
  int status = 0, stops = 0;
  bool executing = false;
  ::waitpid(pid, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  while (::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr) == 0 && ::waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
    if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXEC << 8))) executing = true;
    if (executing && WSTOPSIG(status) == (SIGTRAP | 0x80)) ++stops;
  }
  // An entry and an exit each; the exit of execve is counted alone, and the entry of exit_group.
  return (stops + 1) / 2;
}

double median(std::vector<double> figures) {
  if (figures.empty()) return 0;
  auto middle = figures.begin() + static_cast<std::ptrdiff_t>(figures.size() / 2);
  std::nth_element(figures.begin(), middle, figures.end());
  return *middle;
}

World::World() {
  auto pattern = (std::filesystem::temp_directory_path() / "kra-bench-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) std::perror("mkdtemp"), std::exit(2);
  path_ = pattern;
  const char* binary = std::getenv("KRA_BIN");
  kra_ = std::filesystem::absolute(binary ? binary : "build/kra").string();
  auto set = [&](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
  for (const char* name : {"TMUX", "TMUX_PANE", "NVIM", "XDG_RUNTIME_DIR"}) ::unsetenv(name);
  set("HOME", path_ + "/home");
  set("XDG_CONFIG_HOME", path_ + "/home/.config");
  set("XDG_DATA_HOME", path_ + "/home/.local/share");
  set("XDG_STATE_HOME", path_ + "/home/.local/state");
  set("KRA_STATE_DIR", path_ + "/state");
  set("KRA_CONFIG_DIR", path_ + "/config");
  set("KRA_RUNTIME_DIR", path_ + "/run");
  set("KRA_BIN", kra_);
  set("LANG", "C.UTF-8");
  set("SHELL", "/bin/sh");
  for (const char* name : {"home", "run"}) std::filesystem::create_directory(path_ + "/" + name);
  std::filesystem::permissions(path_ + "/run", std::filesystem::perms::owner_all);
}

// Everything that was started here names this directory in its environment.
static bool belongs(const std::string& pid, const std::string& path) {
  std::ifstream file("/proc/" + pid + "/environ", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str().find("=" + path) != std::string::npos;
}

World::~World() {
  auto self = std::to_string(::getpid());
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    auto name = entry.path().filename().string();
    if (name != self && parse_int(name) && belongs(name, path_)) ::kill(static_cast<pid_t>(*parse_int(name)), SIGKILL);
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string World::must(const std::vector<std::string>& argv, const std::string& input) {
  Command command{.argv = argv, .input = input};
  auto outcome = run(command, Patience::of(std::chrono::seconds(60)));
  if (!outcome.ok() || outcome->status != 0) {
    std::fprintf(stderr, "%s: %s\n", shell_quoted(argv).c_str(),
                 outcome.ok() ? cat("exit ", outcome->status, ": ", outcome->errors).c_str() : outcome.error().what.c_str());
    std::exit(2);
  }
  return std::move(outcome->output);
}

std::vector<std::string> World::tmux(const std::vector<std::string>& words) const {
  const char* program = std::getenv("KRA_TEST_TMUX");
  std::vector<std::string> argv{program ? program : "tmux", "-u", "-f", path_ + "/tmux.conf", "-S", socket()};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

void World::start_tmux() {
  std::ofstream(path_ + "/tmux.conf") << "set -g default-command 'exec sh'\nset -g status-interval 0\nset -g default-size 200x50\n"
                                         "set -g exit-empty off\n";
  must(tmux({"new-session", "-d", "-s", "bench"}));
}

}  // namespace kra::bench
