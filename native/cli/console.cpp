#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace kra::cli {

static std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Console::Console() : out_is_terminal_(::isatty(STDOUT_FILENO) == 1) {
  colours_ = out_is_terminal_ && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  winsize size{};
  if (out_is_terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) width_ = size.ws_col;
}

static bool write_out(int fd, std::string_view text) {
  while (!text.empty()) {
    auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Console::out(std::string_view text) {
  pending_.append(text);
  if (pending_.size() >= (1U << 16)) flush();
}

bool Console::flush() {
  if (!write_out(STDOUT_FILENO, pending_) && trouble_.empty()) trouble_ = cat("standard output: ", std::strerror(errno));
  pending_.clear();
  return trouble_.empty();
}

void Console::say(std::string_view text) {
  // Data that was meant to come before the message comes before it on a terminal too.
  flush();
  // One line, whatever bytes a name or a tool brought into it.
  write_out(STDERR_FILENO, cat("kra: ", printable(text), "\n"));
}

std::string Console::painted(std::string_view code, std::string_view text) const {
  return colours_ ? cat("\x1b[", code, "m", text, "\x1b[0m") : std::string(text);
}

}  // namespace kra::cli
