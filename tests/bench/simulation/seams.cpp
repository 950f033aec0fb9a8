#include "tests/bench/simulation/seams.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace kra::simulation {
namespace {

int channel = -1;
std::int64_t now_ns = 0;
std::mt19937_64 numbers;

Answer exchange(const Ask& ask) {
  Answer answer;
  if (::send(channel, &ask, sizeof ask, MSG_NOSIGNAL) != sizeof ask || ::recv(channel, &answer, sizeof answer, 0) != sizeof answer) ::_exit(3);
  now_ns = answer.now_ns;
  if (answer.act == Answer::Act::kill) ::kill(::getpid(), SIGKILL);
  return answer;
}

Ask ask_of(Ask::Kind kind, const char* call, const std::string& name) {
  Ask ask{.kind = kind};
  std::strncpy(ask.call, call, sizeof ask.call - 1);
  std::strncpy(ask.name, name.c_str(), sizeof ask.name - 1);
  return ask;
}

// False: the call fails, with errno set.
bool may(const char* call, const char* name) {
  // What a git that was killed leaves there has a name of its own each time.
  if (channel < 0 || (name && std::strstr(name, "/objects/pack/"))) return true;
  const auto answer = exchange(ask_of(Ask::Kind::call, call, name ? name : ""));
  if (answer.act == Answer::Act::fail) return errno = answer.error, false;
  return true;
}

// Times as a simulated file system would give them.
void stamp(struct stat& info) {
  if (channel < 0 || !(S_ISREG(info.st_mode) || S_ISLNK(info.st_mode))) return;
  auto ask = ask_of(Ask::Kind::stamp, "stamp", "");
  const auto ns = [](const timespec& time) { return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec; };
  ask.device = info.st_dev, ask.inode = info.st_ino, ask.modified_ns = ns(info.st_mtim), ask.changed_ns = ns(info.st_ctim);
  const auto answer = exchange(ask);
  info.st_mtim = {answer.modified_ns / 1'000'000'000, answer.modified_ns % 1'000'000'000};
  info.st_ctim = {answer.changed_ns / 1'000'000'000, answer.changed_ns % 1'000'000'000};
}

// The subcommand and what follows it.
std::string words_of(char* const argv[]) {
  std::string words;
  bool past = false;
  for (char* const* word = argv + 1; *word; ++word) {
    const std::string text(*word);
    if (past) words += words.empty() ? text : " " + text;
    if (text.starts_with("--git-dir=")) past = true;
  }
  return words.starts_with("--work-tree=") ? words.substr(words.find(' ') + 1) : words;
}

const char* script_of(Answer::Act act) {
  switch (act) {
    case Answer::Act::killed_before: return "kill -9 $$";
    case Answer::Act::killed_after: return R"("$@" >/dev/null 2>&1; kill -9 $$)";
    case Answer::Act::offline: return "echo 'fatal: Could not resolve host: remote' >&2; exit 128";
    case Answer::Act::hook: return "printf '!\\tx:y\\t[remote rejected] (pre-receive hook declined)\\n'; exit 1";
    case Answer::Act::answer_lost: return R"("$@" >/dev/null 2>&1; echo 'fatal: the remote end hung up unexpectedly' >&2; exit 128)";
    default: return nullptr;
  }
}

}  // namespace

void join(int to, std::uint64_t seed, std::int64_t now) { channel = to, numbers.seed(seed), now_ns = now; }

void leave(const char* said) { (void)exchange(ask_of(Ask::Kind::end, "end", said)); }

}  // namespace kra::simulation

using namespace kra::simulation;

extern "C" {

// What the linker makes of the names that it wraps.
#define REAL(result, name, ...) result __real_##name(__VA_ARGS__); result __wrap_##name(__VA_ARGS__)

int __real_open(const char*, int, ...);
int __wrap_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, mode_t);
  va_end(rest);
  if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY && !may("open", path)) return -1;
  return __real_open(path, flags, mode);
}
int __real_openat(int, const char*, int, ...);
int __wrap_openat(int at, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, mode_t);
  va_end(rest);
  return may("openat", path) ? __real_openat(at, path, flags, mode) : -1;
}
REAL(int, renameat2, int from, const char* name, int to, const char* other, unsigned flags) {
  // A slot has a number of 32 digits for a name.
  return may("renameat2", std::strlen(other) == 32 ? name : other) ? __real_renameat2(from, name, to, other, flags) : -1;
}
REAL(int, renameat, int from, const char* name, int to, const char* other) { return may("renameat", other) ? __real_renameat(from, name, to, other) : -1; }
REAL(int, rename, const char* name, const char* other) { return may("rename", other) ? __real_rename(name, other) : -1; }
REAL(int, link, const char* name, const char* other) { return may("link", other) ? __real_link(name, other) : -1; }
REAL(int, linkat, int from, const char* name, int to, const char* other, int flags) { return may("linkat", other) ? __real_linkat(from, name, to, other, flags) : -1; }
REAL(int, unlink, const char* path) { return may("unlink", path) ? __real_unlink(path) : -1; }
REAL(int, unlinkat, int at, const char* path, int flags) { return may("unlinkat", path) ? __real_unlinkat(at, path, flags) : -1; }
REAL(int, mkdir, const char* path, mode_t mode) { return may("mkdir", path) ? __real_mkdir(path, mode) : -1; }
REAL(int, mkdirat, int at, const char* path, mode_t mode) { return may("mkdirat", path) ? __real_mkdirat(at, path, mode) : -1; }
REAL(int, symlinkat, const char* target, int at, const char* path) { return may("symlinkat", path) ? __real_symlinkat(target, at, path) : -1; }
REAL(int, fchmod, int fd, mode_t mode) { return may("fchmod", "") ? __real_fchmod(fd, mode) : -1; }
REAL(int, fsync, int fd) { return may("fsync", "") ? __real_fsync(fd) : -1; }
REAL(int, fdatasync, int fd) { return may("fdatasync", "") ? __real_fdatasync(fd) : -1; }

REAL(int, fstatat, int at, const char* path, struct stat* info, int flags) {
  if (!may("fstatat", path)) return -1;
  const int status = __real_fstatat(at, path, info, flags);
  if (status == 0) stamp(*info);
  return status;
}
REAL(int, fstat, int fd, struct stat* info) {
  const int status = __real_fstat(fd, info);
  if (status == 0) stamp(*info);
  return status;
}

REAL(int, nanosleep, const timespec* time, timespec* left) {
  if (channel < 0) return __real_nanosleep(time, left);
  auto ask = ask_of(Ask::Kind::sleep, "sleep", "");
  ask.modified_ns = time->tv_sec * std::int64_t{1'000'000'000} + time->tv_nsec;
  (void)exchange(ask);
  return 0;
}
REAL(ssize_t, getrandom, void* bytes, size_t size, unsigned flags) {
  if (channel < 0) return __real_getrandom(bytes, size, flags);
  for (size_t at = 0; at < size; ++at) static_cast<unsigned char*>(bytes)[at] = static_cast<unsigned char>(numbers());
  return static_cast<ssize_t>(size);
}

REAL(int, posix_spawnp, pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes, char* const argv[], char* const environment[]) {
  if (channel < 0) return __real_posix_spawnp(pid, file, actions, attributes, argv, environment);
  const auto answer = exchange(ask_of(Ask::Kind::start, "start", words_of(argv)));
  const char* script = script_of(answer.act);
  std::vector<char*> words{const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>(script), const_cast<char*>("sh")};
  for (char* const* word = argv; *word; ++word) words.push_back(*word);
  words.push_back(nullptr);
  const int status = script ? __real_posix_spawnp(pid, "sh", actions, attributes, words.data(), environment)
                            : __real_posix_spawnp(pid, file, actions, attributes, argv, environment);
  // What is done beside a push would find it here or there, another time each time: it ends first.
  siginfo_t ended;
  if (status == 0 && words_of(argv).starts_with("push")) ::waitid(P_PID, static_cast<id_t>(*pid), &ended, WEXITED | WNOWAIT);
  return status;
}

// The mangled names of steady_clock::now() and system_clock::now().
REAL(std::int64_t, _ZNSt6chrono3_V212steady_clock3nowEv, ) { return channel < 0 ? __real__ZNSt6chrono3_V212steady_clock3nowEv() : now_ns; }
REAL(std::int64_t, _ZNSt6chrono3_V212system_clock3nowEv, ) {
  return channel < 0 ? __real__ZNSt6chrono3_V212system_clock3nowEv() : first_second * 1'000'000'000 + now_ns;
}

}  // extern "C"
