// The daemon at rest: what it holds in memory and how often it wakes up, after many saves, with a tmux server and an editor.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;

static long field(const std::string& file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(name + ":", 0) == 0) return std::strtol(line.c_str() + name.size() + 1, nullptr, 10);
  return 0;
}

// Each time a thread gave up a processor it had woken up before.
static long switches(const std::string& pid) {
  long count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
    auto status = thread.path().string() + "/status";
    count += field(status, "voluntary_ctxt_switches") + field(status, "nonvoluntary_ctxt_switches");
  }
  return count;
}

static long resident_kb(const std::string& pid) { return field("/proc/" + pid + "/status", "VmRSS"); }

static std::string text_between(const std::string& text, const std::string& before, const std::string& after) {
  auto from = text.find(before);
  if (from == std::string::npos) return "";
  from += before.size();
  return text.substr(from, text.find(after, from) - from);
}

template <class Condition>
static bool await(Condition condition, std::chrono::seconds time) {
  auto patience = Patience::of(time);
  while (!condition())
    if (patience.over()) return false;
    else std::this_thread::sleep_for(Milliseconds(20));
  return true;
}

static void memory_of_others(const Mode& mode, const std::string& name, const std::string& word) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    auto pid = entry.path().filename().string();
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::string command((std::istreambuf_iterator<char>(file)), {});
    const char* runtime = std::getenv("KRA_RUNTIME_DIR");
    std::ifstream environment(entry.path() / "environ", std::ios::binary);
    std::string values((std::istreambuf_iterator<char>(environment)), {});
    if (command.find(word) == std::string::npos || values.find(runtime) == std::string::npos) continue;
    report(mode, {"at rest: " + name, double(resident_kb(pid)), 1e9, 0, "KiB", 1});
    return;
  }
}

int main(int argc, char** argv) {
  auto mode = mode_of(argc, argv);
  World world;
  ::setenv("KRA_AUTOSAVE_TIMEOUT_MS", "200", 1);
  world.start_tmux();
  world.must(world.tmux({"source-file", "-"}), world.must({world.kra(), "tmux", "hooks"}));
  world.must(world.tmux({"run-shell", "-b", cat("exec ", world.kra(), " tmux-watch")}));
  const char* nvim = std::getenv("NVIM_BIN");
  if (!nvim) return std::fputs("NVIM_BIN names no Neovim; tests/bench/run sets it\n", stderr), 2;
  auto plugin = std::filesystem::current_path().string();
  world.must(world.tmux({"split-window", "-t", "bench:", nvim, "-u", "NONE", "-i", "NONE", "--cmd", cat("set rtp^=", plugin),
                         "--cmd", "runtime plugin/kra.lua", "README.md"}));
  auto status = [&] { return world.must({world.kra(), "status", "-S", world.socket(), "--json"}); };
  std::string seen;
  if (!await([&] { return (seen = status()).find("\"kind\":\"nvim\"") != std::string::npos; }, std::chrono::seconds(60))) {
    auto screen = world.must(world.tmux({"capture-pane", "-p", "-t", "bench:"}));
    return std::fprintf(stderr, "%s\n%s\nthe editor did not connect in 60 s\n", screen.c_str(), seen.c_str()), 2;
  }

  for (int i = 0; i < 100; ++i) {
    world.must(world.tmux({"rename-window", "-t", "bench:", cat("w", i)}));
    world.must({world.kra(), "save", "-S", world.socket()});
  }
  auto pid = text_between(status(), "\"pid\":", ",");
  // What the burst of renames set going must be over: nothing has woken it for two seconds.
  long before = -1;
  await([&] {
    auto now = switches(pid);
    if (now == before) return true;
    before = now;
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return false;
  }, std::chrono::seconds(60));
  int seconds = mode.sample ? 3 : 60;
  before = switches(pid);
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  bool met = report(mode, {"daemon at rest: wake-ups", double(switches(pid) - before), 0, 0, "wake-ups", seconds, false});
  met = report(mode, {"daemon at rest: resident", double(resident_kb(pid)), 4096, 0, "KiB", 100, false}) && met;
  memory_of_others(mode, "waiter", "tmux-watch");
  memory_of_others(mode, "tmux client of the waiter", "wait-for");
  return met ? 0 : 1;
}
