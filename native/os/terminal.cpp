#include "os/terminal.hpp"

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
  ::tcsetattr(fd_, TCSAFLUSH, &before);
  return count == 1 ? std::optional(key) : std::nullopt;
}

}  // namespace kra
