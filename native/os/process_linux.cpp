#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "os/process.hpp"

namespace kra {
namespace {

constexpr std::size_t text_limit = 4U << 20;  // the kernel's own limit for an argument vector is half of that

Result<std::string> read_proc(pid_t pid, const char* name) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  const auto fault = [](int number) { return number == ENOENT || number == ESRCH ? Fault::not_found : Fault::io; };
  if (!file) return Error{fault(errno), cat(path, ": ", std::strerror(errno))};
  std::string content;
  std::array<char, 8192> piece;
  while (content.size() < text_limit) {
    const auto got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{fault(errno), cat(path, ": ", std::strerror(errno))};
    content.append(piece.data(), static_cast<std::size_t>(got));
    // A file of /proc gives all that fits, so a short read is the end.
    if (static_cast<std::size_t>(got) < piece.size()) break;
  }
  return content;
}

// Field `number` of /proc/PID/stat as proc(5) counts. The name in field 2 may hold anything, so counting begins after its end.
std::optional<std::int64_t> stat_field(std::string_view stat, int number) {
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == stat.npos || end_of_name + 2 > stat.size()) return {};
  stat.remove_prefix(end_of_name + 2);
  for (int field = 3; field < number; ++field) {
    const auto space = stat.find(' ');
    if (space == stat.npos) return {};
    stat.remove_prefix(space + 1);
  }
  return parse_int(stat.substr(0, stat.find_first_of(" \n")));
}

std::vector<std::string> words_of(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = text.find(separator);
    words.emplace_back(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

std::string link_of(pid_t pid, const char* name) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  std::array<char, 4096 + 16> target;
  const auto length = ::readlink(path, target.data(), target.size());
  std::string text(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  constexpr std::string_view removed = " (deleted)";
  if (text.ends_with(removed) && ::access(text.c_str(), F_OK) != 0) text.resize(text.size() - removed.size());
  return text;
}

Result<std::vector<pid_t>> children_of(pid_t pid) {
  char name[64];
  std::snprintf(name, sizeof name, "task/%d/children", static_cast<int>(pid));
  std::vector<pid_t> children;
  for (const auto& word : words_of(TRY(read_proc(pid, name)), ' '))
    if (const auto child = parse_int(word)) children.push_back(static_cast<pid_t>(*child));
  return children;
}

// The only child of `pid` in the foreground group, else 0.
pid_t only_child(pid_t pid, std::int64_t group) {
  pid_t found = 0;
  for (const auto child : children_of(pid).value_or({})) {
    auto stat = read_proc(child, "stat");
    if (!stat || stat_field(*stat, 5) != group) continue;
    if (found != 0) return 0;
    found = child;
  }
  return found;
}

std::int64_t ms_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// The scheduler's own clock at which a process last ran, in milliseconds.
std::optional<std::int64_t> ran_at(pid_t pid) {
  const auto text = read_proc(pid, "sched");
  constexpr std::string_view name = "se.exec_start";
  const auto at = text ? text->find(name) : std::string::npos;
  if (at == std::string::npos) return {};
  const auto number = text->find_first_of("0123456789", at + name.size());
  return number == std::string::npos ? std::nullopt : parse_int(std::string_view(*text).substr(number, text->find('.', number) - number));
}

// How often a process gave its processor up by itself.
std::optional<std::int64_t> waits_of(pid_t pid) {
  const auto text = read_proc(pid, "status");
  constexpr std::string_view name = "\nvoluntary_ctxt_switches:\t";
  const auto at = text ? text->find(name) : std::string::npos;
  if (at == std::string::npos) return {};
  return parse_int(std::string_view(*text).substr(at + name.size(), text->find('\n', at + 1) - at - name.size()));
}

// That clock now, on one processor: those of two drift apart by what interrupts and other machines took from each.
std::optional<std::int64_t> clock_of(std::int64_t processor) {
  cpu_set_t before, only;
  if (processor < 0 || processor >= CPU_SETSIZE || ::sched_getaffinity(0, sizeof before, &before) != 0) return {};
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(processor), &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0) return {};
  const auto now = ran_at(::gettid());
  ::sched_setaffinity(0, sizeof before, &before);
  return now;
}

// A shell that only waits for the commands of its -c.
bool is_wrapper(const std::vector<std::string>& argv) {
  if (argv.size() < 3 || !argv[1].starts_with('-') || argv[1].starts_with("--") || argv[1].find('c') == std::string::npos) return false;
  const auto name = std::string_view(argv[0]).substr(argv[0].rfind('/') + 1);
  return name.ends_with("sh");
}

}  // namespace

Result<Foreground> foreground_of(pid_t leader) {
  const auto stat = TRY(read_proc(leader, "stat"));
  const auto group = stat_field(stat, 8);
  if (!group || *group <= 0) return Error{Fault::not_found, cat("process ", leader, " has no terminal")};
  Foreground front{.pid = static_cast<pid_t>(*group)};
  auto words = read_proc(front.pid, "cmdline");
  // The first of a pipeline may have ended before the others.
  if (!words || words->empty()) {
    if (const pid_t child = only_child(leader, *group); child != 0) front.pid = child;
    words = read_proc(front.pid, "cmdline");
    if (!words) front.pid = leader, words = TRY(read_proc(leader, "cmdline"));
  }
  front.argv = words_of(*words, '\0');
  for (int depth = 0; depth < 4 && is_wrapper(front.argv); ++depth) {
    const pid_t child = only_child(front.pid, *group);
    if (child == 0) break;
    auto wrapped = read_proc(child, "cmdline");
    if (!wrapped || wrapped->empty()) break;
    front.pid = child;
    front.argv = words_of(*wrapped, '\0');
  }
  front.is_leader = front.pid == leader;
  front.cwd = link_of(front.pid, "cwd");
  return front;
}

bool in_foreground(pid_t leader, pid_t pid) {
  const auto terminal = read_proc(leader, "stat");
  const auto own = read_proc(pid, "stat");
  if (!terminal || !own) return false;
  const auto group = stat_field(*terminal, 8);
  if (!group || *group <= 0) return false;
  if (stat_field(*own, 5) == group) return true;
  const auto parent = read_proc(static_cast<pid_t>(stat_field(*own, 4).value_or(0)), "stat");
  return parent && stat_field(*parent, 5) == group;
}

std::optional<std::string> environment_of(pid_t pid, std::string_view name) {
  auto block = read_proc(pid, "environ");
  if (!block) return {};
  for (const auto& entry : words_of(*block, '\0')) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) return entry.substr(name.size() + 1);
  }
  return {};
}

std::optional<std::uint64_t> start_time_of(pid_t pid) {
  auto stat = read_proc(pid, "stat");
  if (!stat) return {};
  const auto ticks = stat_field(*stat, 22);
  if (!ticks) return {};
  return static_cast<std::uint64_t>(*ticks);
}

bool hides_input(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/fd/0", static_cast<int>(pid));
  const Fd terminal(::open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  termios modes{};
  return terminal && ::tcgetattr(terminal.get(), &modes) == 0 && (modes.c_lflag & ICANON) != 0 && (modes.c_lflag & ECHO) == 0;
}

Result<ProcessPast> past_of(pid_t pid) {
  const auto stat = TRY(read_proc(pid, "stat"));
  const auto ticks = stat_field(stat, 22);
  struct stat terminal{};
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/fd/0", static_cast<int>(pid));
  if (!ticks || ::stat(path, &terminal) != 0 || !S_ISCHR(terminal.st_mode)) return Error{Fault::not_found, cat("process ", pid, " has no terminal")};
  const auto age = ms_of(CLOCK_BOOTTIME) - *ticks * 1000 / ::sysconf(_SC_CLK_TCK);
  ProcessPast past;
  past.started_ms = ms_of(CLOCK_REALTIME) - age;
  past.cwd = link_of(pid, "cwd");
  past.children = TRY(children_of(pid));
  past.reaped_children = stat_field(stat, 11).value_or(1) != 0;
  past.input_ms = static_cast<std::int64_t>(terminal.st_atim.tv_sec) * 1000 + terminal.st_atim.tv_nsec / 1'000'000;
  const auto ran = ran_at(pid), now = clock_of(stat_field(stat, 39).value_or(-1));
  if (ran && now) past.last_ran_ms = age - (*now - *ran);
  past.waits = waits_of(pid);
  return past;
}

bool still_runs(pid_t pid, std::uint64_t start) {
  auto stat = read_proc(pid, "stat");
  if (!stat || static_cast<std::uint64_t>(stat_field(*stat, 22).value_or(0)) != start) return false;
  const auto state = stat->rfind(')') + 2;
  return state < stat->size() && (*stat)[state] != 'Z' && (*stat)[state] != 'X';
}

std::string boot_id() {
  const Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 36> id{};
  // Its fixed length: anything shorter is none.
  if (!file || ::read(file.get(), id.data(), id.size()) != static_cast<ssize_t>(id.size())) return "";
  return {id.data(), id.size()};
}

std::string host_name() {
  utsname names;
  return ::uname(&names) == 0 ? names.nodename : "";
}

std::string user_home() {
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "/" : home;
}

}  // namespace kra
