#include "os/terminal.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace kra {

std::optional<Terminal> Terminal::on(int fd) {
  if (::isatty(fd) && ::tcgetsid(fd) == ::getsid(0)) return Terminal(fd);
  return std::nullopt;
}

void Terminal::give_to(pid_t group) const {
  // From a background group the kernel would stop us for asking.
  sigset_t output, before;
  ::sigemptyset(&output);
  ::sigaddset(&output, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &output, &before);
  ::tcsetpgrp(fd_, group);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

termios Terminal::modes() const {
  termios modes{};
  ::tcgetattr(fd_, &modes);
  return modes;
}

void Terminal::set_modes(const termios& modes) const { ::tcsetattr(fd_, TCSADRAIN, &modes); }

// Reads what comes until it is quiet. A terminal sends the bytes of an arrow key in one go, but a slow line may part them.
static void swallow_rest(int fd, char key) {
  constexpr int quiet_ms = 30, quiet_in_sequence_ms = 150, most = 4096;
  char byte = key;
  for (int count = 0; count < most; ++count) {
    // Escape, a letter that begins a sequence, a number in it, or the first byte of a character: more is to come.
    const bool inside = byte == '\033' || byte == '[' || byte == 'O' || byte == ';' || (byte >= '0' && byte <= '9') || (byte & 0x80) != 0;
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, inside && (key == '\033' || (key & 0x80) != 0) ? quiet_in_sequence_ms : quiet_ms) <= 0) return;
    if (::read(fd, &byte, 1) != 1) return;
  }
}

std::optional<char> Terminal::ask(std::string_view question) const {
  auto before = modes(), raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
  ::tcsetattr(fd_, TCSAFLUSH, &raw);
  char key = 0;
  ssize_t count = 0;
  while (!question.empty() && (count = ::write(fd_, question.data(), question.size())) != 0) {
    if (count > 0) question.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR) break;
  }
  do count = ::read(fd_, &key, 1);
  while (count < 0 && errno == EINTR);
  if (count == 1 && key != '\r' && key != '\n') swallow_rest(fd_, key);
  ::tcsetattr(fd_, TCSAFLUSH, &before);
  return count == 1 ? std::optional(key) : std::nullopt;
}

}  // namespace kra
