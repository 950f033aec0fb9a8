// Random hostile texts as names of sessions and windows, titles, directories and arguments: saved, the server killed, restored, looked at
// again. None may run, tmux must hold what it held, and directories and arguments must be the same byte for byte.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/save.hpp"
#include "model/config.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;

namespace {

constexpr int panes_at_once = 100;
constexpr int texts_a_pane = 5;  // directory, argument, title, window and session

class Texts {
 public:
  explicit Texts(std::uint64_t seed) : random_(seed) {}

  // Pieces that mean something to tmux, to a shell or to a terminal, between random bytes.
  std::string next(std::size_t limit) {
    static const std::vector<std::string> pieces = {
        "#(touch canary)", "$(touch canary)", "`touch canary`", ";touch canary;", "\ntouch canary\n", "'; touch canary; '", "\"; touch canary; \"", "|touch canary", "&touch canary&", "#{pid}",
        "#{E:@kra_x}", "#{T:x}", "#{?1,#(touch canary),}", "#{q:x}", "#[fg=red]", "##", "#", "%H%M", "%", "$HOME", "${HOME}", "~", "~/", "\\", "\\\\",
        "\\;", "\\n", "\\033", "'", "\"", "{", "}", "=", ":", ".", "-", "--", "@1", "$1", "%1", "*", "?", "[a]", "!", "\n", "\t", "\r", "\x1b[31m",
        "\x1b]2;x\x07", "\x01", "\x7f", "\xff", "\xc0\xaf", "\x80", "\xc3\xa9", "\xf0\x9f\x91\x8d", "\xe2\x80\xae", " ", "  ", "a", "run-shell 'touch canary'",
        "if-shell 'touch canary' ''", "-c", "+!touch canary", "kra exec", "(", ")", "<", ">", "^", "\v"};
    std::string text;
    for (auto count = pick(8) + 1; count > 0; --count) {
      if (pick(4) == 0) text += static_cast<char>(pick(255) + 1);
      else text += pieces[pick(pieces.size())];
    }
    if (text.size() > limit) text.resize(limit);
    return text;
  }
  std::string next_name() {
    auto name = next(200);
    std::replace(name.begin(), name.end(), '/', '_');
    return name == "." || name == ".." ? "x" : name;
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  std::mt19937_64 random_;
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "hostile: %s\n", why.c_str());
  std::exit(2);
}

template <class T>
T must_be(Result<T> result) {
  if (!result) give_up(result.error().what);
  return std::move(*result);
}

Patience long_enough() { return Patience::of(Milliseconds(120'000)); }

struct Verdict {
  int texts = 0, executed = 0, different = 0;
};

class Batch {
 public:
  explicit Batch(std::uint64_t seed) : texts_(seed) {
    std::filesystem::current_path(world_.path());
    server_.socket = world_.socket();
    server_.config = world_.path() + "/tmux.conf";
    std::ofstream(server_.config) << "set -g default-shell /bin/sh\nset -g default-command 'exec /bin/sh'\nset -g status-interval 0\n";
    std::filesystem::create_symlink(server_.config, world_.path() + "/home/.tmux.conf");
    self_ = std::filesystem::read_symlink("/proc/self/exe").string();
    paths_ = must_be(find_paths());
    std::filesystem::create_directories(paths_.config);
    std::ofstream(paths_.config_file()) << "restore:\n  programs: [" << self_.substr(self_.rfind('/') + 1) << "]\n";
    std::filesystem::create_directory(world_.path() + "/d");
  }

  Verdict judge() {
    build();
    const auto before = settled();
    Verdict verdict{.texts = panes_at_once * texts_a_pane};
    verdict.different = byte_for_byte(before, "before the save");
    world_.must({world_.kra(), "save", "hostile", "-S", server_.socket});
    kill_server();
    world_.must({world_.kra(), "restore", "hostile", "-S", server_.socket});
    verdict.different += differences(before);
    verdict.executed = canaries();
    world_.must({world_.kra(), "daemon", "stop"});
    kill_server();
    return verdict;
  }

 private:
  // A session for each pane, made under a plain name; then everything gets its text. A name that tmux refuses stays plain.
  void build() {
    TmuxScript script;
    for (int pane = 0; pane < panes_at_once; ++pane) {
      directories_.push_back(cat(world_.path(), "/d/", pane, texts_.next_name()));
      arguments_.push_back(texts_.next(400));
      std::filesystem::create_directory(directories_.back());
      const auto target = cat("=plain", pane, ":");
      script.command_running(directories_.back(), {"new-session", "-d", "-x", "80", "-y", "24", "-s", cat("plain", pane), "-c", "\x01"},
                             {self_, "--idle", arguments_.back()});
      script.command_with(texts_.next(400), {"select-pane", "-t", target, "-T", "\x01"});
      script.command_with(texts_.next(200), {"rename-window", "-t", target, "\x01"});
      script.command_with(texts_.next(200), {"rename-session", "-t", cat("=plain", pane), "\x01"});
    }
    must_be(run_script(server_, script, true, long_enough()));
  }

  Workspace look() { return must_be(capture(disk_, paths_, server_, {}, settings_, long_enough())).workspace; }

  // Every program has come to its own argument vector.
  Workspace settled() {
    Workspace now;
    for (int tries = 0; tries < 200; ++tries) {
      now = look();
      const auto idle = [&](const Session& session) {
        const auto& argv = session.windows.at(0).panes.at(0).argv;
        return argv.size() == 3 && argv[1] == "--idle";
      };
      if (std::all_of(now.sessions.begin(), now.sessions.end(), idle)) break;
      ::usleep(20'000);
    }
    return now;
  }

  // Directories and arguments that are not among those that were given.
  int byte_for_byte(const Workspace& workspace, const char* when) const {
    int found = 0;
    for (int pane = 0; pane < panes_at_once; ++pane) {
      const auto at = static_cast<std::size_t>(pane);
      const bool there = std::any_of(workspace.sessions.begin(), workspace.sessions.end(), [&](const Session& session) {
        const auto& one = session.windows.at(0).panes.at(0);
        return one.cwd == directories_[at] && one.argv == std::vector<std::string>{self_, "--idle", arguments_[at]};
      });
      if (there) continue;
      ++found;
      std::fprintf(stderr, "%s, pane %d: %s | %s\n", when, pane, printable(directories_[at]).c_str(), printable(arguments_[at]).c_str());
    }
    return found;
  }

  int differences(const Workspace& before) {
    Workspace after;
    for (int tries = 0; tries < 100; ++tries) {
      after = look();
      if (after == before) return byte_for_byte(after, "after the restore");
      ::usleep(100'000);
    }
    int found = 0;
    for (const auto& session : before.sessions) {
      if (std::find(after.sessions.begin(), after.sessions.end(), session) != after.sessions.end()) continue;
      ++found;
      std::fprintf(stderr, "not as it was: %s\n", to_json(to_value(session)).c_str());
    }
    return std::max(found, 1) + byte_for_byte(after, "after the restore");
  }

  void kill_server() {
    const auto live = must_be(read_server(server_, long_enough()));
    ::kill(live.pid, SIGKILL);
    while (::kill(live.pid, 0) == 0) ::usleep(5000);
  }

  int canaries() const {
    int found = std::filesystem::exists("/canary") ? 1 : 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world_.path())) {
      if (entry.is_regular_file() && entry.path().filename().string().starts_with("canary")) ++found;
    }
    return found;
  }

  World world_;
  Texts texts_;
  TmuxServer server_;
  std::string self_;
  Paths paths_;
  Settings settings_;
  SystemDisk disk_;
  std::vector<std::string> directories_, arguments_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--idle") {
    while (true) ::pause();
  }
  const auto mode = mode_of(argc, argv);
  const int batches = mode.sample ? 1 : 20;
  const auto start = std::filesystem::current_path();
  Verdict all;
  for (int batch = 0; batch < batches; ++batch) {
    std::filesystem::current_path(start);
    const auto one = Batch(mode.seed * 1000 + static_cast<std::uint64_t>(batch)).judge();
    all.texts += one.texts, all.executed += one.executed, all.different += one.different;
  }
  std::filesystem::current_path(start);
  bool met = report(mode, {.bar = "hostile texts executed", .figure = static_cast<double>(all.executed), .limit = 0, .n = all.texts, .timed = false});
  met = report(mode, {.bar = "hostile texts not as they were after a restore", .figure = static_cast<double>(all.different), .limit = 0, .n = all.texts, .timed = false}) && met;
  return met ? 0 : 1;
}
