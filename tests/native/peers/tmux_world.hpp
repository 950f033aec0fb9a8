// A real tmux server on a socket of its own, ended with the test. KRA_TEST_TMUX names another tmux.
#pragma once

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/text.hpp"
#include "peers/tmux.hpp"
#include "peers/tmux_client.hpp"
#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"

namespace kra {

inline Patience soon() { return Patience::of(Milliseconds(20'000)); }

class TmuxWorld {
 public:
  TmuxWorld() {
    server.socket = scratch / "tmux.sock";
    server.config = scratch / "tmux.conf";
    if (const char* other = std::getenv("KRA_TEST_TMUX"); other != nullptr && *other != '\0') server.program = other;
    std::ofstream(server.config) << "set -g default-shell /bin/sh\nset -g default-command 'exec /bin/sh'\nset -g status-interval 0\n"
                                    "set -g default-size 200x50\nset -g history-limit 100\n";
  }
  ~TmuxWorld() { (void)tmux_client(server, {"kill-server"}, "", soon()); }

  // A tmux command that must succeed; what it printed, without its last newline.
  std::string tmux(std::vector<std::string> words) {
    auto outcome = tmux_client(server, words, "", soon());
    REQUIRE(outcome);
    INFO(join(words, " ") << ": " << outcome->errors);
    REQUIRE(outcome->status == 0);
    while (outcome->output.ends_with('\n')) outcome->output.pop_back();
    return outcome->output;
  }
  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"new-session", "-d", "-s", "main", "-c", scratch.path()};
    words.insert(words.end(), more.begin(), more.end());
    tmux(words);
  }

  Scratch scratch;
  TmuxServer server;
};

// The file's content once it is there (it appears by rename), else "".
inline std::string awaited(const std::string& path) {
  for (int i = 0; i < 1000 && !std::filesystem::exists(path); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Waits until `condition` holds.
template <class Condition>
void wait_until(Condition condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(condition());
}

// Texts that something between here and a pane could take for more than text.
inline std::vector<std::string> hostile_texts() {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  return {"plain", "two  spaces", "new\nline", ";", "a;", "a;;", "\\;", "# x", "##", "#{pid}", "#(touch canary)", "#{E:#{pid}}", "#[fg=red]", "~",
          "~/x", "$HOME", "${HOME}", "$(touch canary)", "`touch canary`", "back\\", "\\\\n", "\\u00e9", "{", "}", "{a}", "%if", "%%", "50%d",
          "quo'te", "dou\"ble", "\xff", "\xff\xfe", "\x80", "a\x01" "b", "\x1b[0m", "\t", "\r", "\x7f", "\xc3\xa9\xe4\xb8\xad", "-x", "--", "=x", "x=y",
          ":a", ".", " lead", "trail ", "& touch canary", "| touch canary", std::string(5000, 'x'), all};
}

}  // namespace kra
