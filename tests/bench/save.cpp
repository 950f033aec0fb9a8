// A save of 10, 100 and 300 panes, 30 % of them in git repositories, with three connected editors of 20 buffers, durable on disk, beside
// what no save can do without: one client that lists the panes, and a walk over /proc.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "engine/save.hpp"
#include "model/config.hpp"
#include "os/command.hpp"
#include "os/process.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

const std::string floor_format =
    "#{session_id} #{session_name} #{session_group} #{session_path} #{window_id} #{window_index} #{window_name} #{window_flags} #{window_layout} "
    "#{automatic-rename} #{window_active} #{pane_id} #{pane_index} #{pane_active} #{pane_title} #{pane_pid} #{pane_tty} #{pane_start_command} "
    "#{alternate_on} #{history_size} #{cursor_x} #{cursor_y}";

double ms_since(Instant began) { return std::chrono::duration<double, std::milli>(Clock::now() - began).count(); }

class Panes {
 public:
  explicit Panes(int count) : count_(count) {
    server_.socket = world_.socket();
    paths_ = {.state = world_.path() + "/state", .runtime = world_.path() + "/run", .config = world_.path() + "/config"};
    build();
  }

  // Three editors; one line in one of them is another than the last time, so that there is something to write.
  std::vector<ConnectedEditor> editors(int round) const {
    std::vector<ConnectedEditor> editors;
    for (int number = 0; number < 3; ++number) {
      ConnectedEditor connected{.editor = {.id = cat("editor-", number), .cwd = world_.path(), .tabs = 1}, .pane = cat("%", number)};
      Value::Array buffers;
      for (int buffer = 0; buffer < 20; ++buffer) {
        auto path = cat(world_.path(), "/src/part-", number, "/file-", buffer, ".cpp");
        connected.editor.buffers.push_back({path, false});
        buffers.push_back(Value::Map{{"path", path}, {"line", round}, {"column", 3}, {"listed", true}, {"top", 17}});
      }
      connected.editor.state = Value::Map{{"buffers", std::move(buffers)}, {"round", round}};
      editors.push_back(std::move(connected));
    }
    return editors;
  }

  double save_once(int round) {
    SaveRequest request{.name = "bench", .editors = editors(round)};
    const auto began = Clock::now();
    auto report = save(history_, disk_, paths_, server_, request, settings_, Patience::of(Milliseconds(60'000)));
    const auto took = ms_since(began);
    if (!report || !report->changed || report->counts.panes != count_) give_up(report ? "the save is not what was built" : report.error().what);
    return took;
  }

  double floor_once() {
    const auto began = Clock::now();
    auto outcome = run({.argv = {"tmux", "-u", "-S", server_.socket, "list-panes", "-a", "-F", floor_format}, .unset = {"TMUX"}},
                       Patience::of(Milliseconds(60'000)));
    if (!outcome || outcome->status != 0) give_up("no floor");
    for (const auto pid : pids_) walk(pid);
    return ms_since(began);
  }

  // Programs that a save starts: PATH holds nothing but a tmux and a git that tell of it.
  int processes() {
    const auto told = world_.path() + "/told";
    std::filesystem::create_directories(world_.path() + "/only");
    const auto real = world_.must({"sh", "-c", "command -v tmux"});
    std::ofstream(world_.path() + "/only/tmux") << "#!/bin/sh\necho tmux >>'" << told << "'\nexec " << real.substr(0, real.find('\n')) << " \"$@\"\n";
    std::ofstream(world_.path() + "/only/git") << "#!/bin/sh\necho git >>'" << told << "'\n";
    for (const char* name : {"/only/tmux", "/only/git"}) std::filesystem::permissions(world_.path() + name, std::filesystem::perms::owner_all);
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", (world_.path() + "/only").c_str(), 1);
    save_once(1'000'000);
    ::setenv("PATH", before.c_str(), 1);
    std::ifstream lines(told);
    int count = 0;
    for (std::string line; std::getline(lines, line);) ++count;
    return count;
  }

 private:
  [[noreturn]] static void give_up(const std::string& why) {
    std::fprintf(stderr, "save: %s\n", why.c_str());
    std::exit(2);
  }

  // Two files and one link for each pane.
  static void walk(pid_t pid) {
    char text[4096];
    for (const char* name : {"stat", "cmdline"}) {
      const int file = ::open(cat("/proc/", static_cast<int>(pid), "/", name).c_str(), O_RDONLY | O_CLOEXEC);
      if (file < 0 || ::read(file, text, sizeof text) < 0) give_up("a pane has gone");
      ::close(file);
    }
    if (::readlink(cat("/proc/", static_cast<int>(pid), "/cwd").c_str(), text, sizeof text) < 0) give_up("a pane has gone");
  }

  std::string directory_of(int pane) {
    const auto path = cat(world_.path(), "/src/part-", pane % 50);
    const bool repository = pane % 50 < 15;
    if (!std::filesystem::exists(path)) {
      std::filesystem::create_directories(path + "/deep/er");
      if (repository) {
        std::filesystem::create_directories(path + "/.git");
        std::ofstream(path + "/.git/HEAD") << "ref: refs/heads/main\n";
        std::ofstream(path + "/.git/config") << "[remote \"origin\"]\n\turl = https://example.org/" << pane << ".git\n[branch \"main\"]\n\tremote = origin\n";
      }
    }
    return path + "/deep/er";
  }

  // Sessions of five windows with two panes each, made by one client.
  void build() {
    std::string script;
    for (int pane = 0; pane < count_; ++pane) {
      const auto place = cat(" -c ", tmux_quoted(directory_of(pane)), pane % 3 == 0 ? " -- cat -" : " -- sleep 100000", "\n");
      if (pane % 10 == 0) script += cat("new-session -d -x 200 -y 50 -s s", pane / 10, place);
      else if (pane % 2 == 0) script += cat("new-window -t s", pane / 10, place);
      else script += cat("split-window -t s", pane / 10, place);
    }
    world_.must(world_.tmux({"start-server", ";", "source-file", "-"}), script);
    const auto all = world_.must(world_.tmux({"list-panes", "-a", "-F", "#{pane_pid}"}));
    for (const auto line : split(all, "\n")) {
      if (auto pid = parse_int(line)) pids_.push_back(static_cast<pid_t>(*pid));
    }
    if (static_cast<int>(pids_.size()) != count_) give_up(cat(pids_.size(), " panes of ", count_));
    // Every program has started: its parent's name is no longer on it.
    for (const auto pid : pids_) {
      for (int tries = 0; tries < 2000; ++tries) {
        const auto front = foreground_of(pid);
        if (front && !front->argv.empty() && (front->argv[0] == "cat" || front->argv[0] == "sleep")) break;
        ::usleep(5000);
      }
    }
  }

  World world_;
  int count_;
  TmuxServer server_;
  Paths paths_;
  Settings settings_;
  SystemDisk disk_;
  History history_{disk_, world_.path() + "/state/workspaces/x", world_.path() + "/state/corrupt"};
  std::vector<pid_t> pids_;
};

bool bars_of(const Mode& mode, int count) {
  Panes panes(count);
  const int rounds = mode.rounds(60);
  std::vector<double> saves, floors;
  panes.save_once(-2), panes.save_once(-1), panes.floor_once();
  for (int round = 0; round < rounds; ++round) floors.push_back(panes.floor_once()), saves.push_back(panes.save_once(round));
  const auto floor = median(floors);
  bool met = report(mode, {.bar = cat("save of ", count, " panes"), .figure = median(saves), .limit = 3 * floor, .floor = floor, .unit = "ms", .n = rounds});
  met = report(mode, {.bar = cat("processes of a save of ", count, " panes"), .figure = static_cast<double>(panes.processes()), .limit = 1, .n = 1, .timed = false}) && met;
  return met;
}

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  bool met = true;
  for (const int count : {10, 100, 300}) {
    if (mode.sample && count == 300) continue;
    met = bars_of(mode, count) && met;
  }
  return met ? 0 : 1;
}
