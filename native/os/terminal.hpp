// The terminal that this process controls: which job has it, its modes, one question to who sits there.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <optional>
#include <string_view>

namespace kra {

class Terminal {
 public:
  // The one on `fd`; nothing when that is no terminal of ours.
  static std::optional<Terminal> on(int fd);

  // The process group that reads keys and gets Ctrl-C from now on. Also works from a background group.
  void give_to(pid_t group) const;
  termios modes() const;
  // Waits until what was written is out.
  void set_modes(const termios& modes) const;
  // Writes the question and reads one key, without echo and without signals. What was typed before the question is thrown away, so that
  // no key counts that was meant for something else, and so is what comes with the key (the rest of an arrow key, also when it comes in
  // pieces, or of a paste). Nothing
  // when the terminal has gone.
  std::optional<char> ask(std::string_view question) const;

 private:
  explicit Terminal(int fd) : fd_(fd) {}
  int fd_;  // not owned
};

}  // namespace kra
