// Everything here up to the fork is on the stack: no allocation, no table, a handful of system calls.
#include "cli/event.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/version.hpp"
#include "cli/table.hpp"
#include "os/paths.hpp"
#include "peers/daemon_client.hpp"

namespace kra::cli {

namespace {

// A MessagePack writer into fixed room; what does not fit makes it full for good.
class Packer {
 public:
  void head(unsigned small, unsigned large, std::size_t count) {
    if (count < 16) return byte(small | static_cast<unsigned>(count));
    byte(large);
    byte(static_cast<unsigned>(count >> 8));
    byte(static_cast<unsigned>(count));
  }
  void array(std::size_t count) { head(0x90, 0xdc, count); }
  void map(std::size_t count) { head(0x80, 0xde, count); }
  void number(unsigned small) { byte(small); }
  void text(std::string_view text) {
    if (text.size() < 32) {
      byte(0xa0 | static_cast<unsigned>(text.size()));
    } else {
      byte(0xda);
      byte(static_cast<unsigned>(text.size() >> 8));
      byte(static_cast<unsigned>(text.size()));
    }
    if (text.size() > sizeof bytes_ - size_) return void(full_ = true);
    std::memcpy(bytes_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  bool full() const { return full_; }
  const char* data() const { return bytes_; }
  std::size_t size() const { return size_; }

 private:
  void byte(unsigned value) {
    if (size_ == sizeof bytes_) return void(full_ = true);
    bytes_[size_++] = static_cast<char>(value);
  }
  char bytes_[4096];
  std::size_t size_ = 0;
  bool full_ = false;
};

struct Words {
  std::string_view source;
  char** args = nullptr;
  std::size_t count = 0;
};

Words words_of(int count, char** words) {
  if (count < 3) return {"unknown"};
  return {words[2], words + 3, static_cast<std::size_t>(count - 3)};
}

// $TMUX is SOCKET,PID,SESSION; the socket's path may hold commas.
std::string_view tmux_server() {
  const char* text = std::getenv("TMUX");
  std::string_view server = text ? text : "";
  for (int field = 0; field < 2; ++field) server = server.substr(0, std::min(server.size(), server.rfind(',')));
  return server;
}

void pack_event(Packer& out, const Words& words, std::size_t args) {
  out.array(3);
  out.number(2);
  out.text("event");
  out.array(1);
  out.map(3);
  out.text("source");
  out.text(words.source);
  out.text("server");
  out.text(tmux_server());
  out.text("args");
  out.array(args);
  for (std::size_t at = 0; at < args; ++at) out.text(words.args[at]);
}

bool connect_now(int fd, std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool tell_daemon(const Words& words) {
  Packer message;
  pack_event(message, words, words.count);
  if (message.full()) {
    // That something happened is what counts.
    message = Packer();
    pack_event(message, words, 0);
    if (message.full()) return true;
  }
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || !connect_now(fd, socket_path_for_event())) return false;
  return ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(message.size());
}

void start_and_tell(const Words& words) {
  ::setsid();
  int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(nothing, fd);
  auto paths = find_paths();
  if (!paths) return;
  Event event{.source = std::string(words.source), .server = std::string(tmux_server()), .client = new_uuid(), .seq = 1};
  for (std::size_t at = 0; at < words.count; ++at) event.args.emplace_back(words.args[at]);
  (void)send_event(*paths, version(), event, Patience::of(Milliseconds(10'000)));
}

}  // namespace

void run_event(int count, char** words) {
  auto event = words_of(count, words);
  if (!tell_daemon(event) && ::fork() == 0) start_and_tell(event);
  ::_exit(0);
}

// main() has run it before it came to the table; the row is for help and completion.
CommandRow event_command() {
  return {.name = "event",
          .group = Group::plumbing,
          .usage = "SOURCE [ARG…]",
          .summary = "tell the daemon that something happened (for hooks)",
          .detail = "Prints nothing, never waits, and its status is always 0. SOURCE is what\n"
                    "happened: tmux, cwd, editor. The tmux server is the one of $TMUX. The daemon is\n"
                    "started when it does not run.",
          .examples = "kra event tmux   the workspace changed: save it soon",
          .arguments = {{.name = "SOURCE", .text = "what happened", .choices = "tmux|cwd|editor", .completes = Completes::choice},
                        {.name = "ARG", .text = "more about it"}},
          .most = any_number,
          .run = [](const Call&, Console&) { return ExitCode::done; }};
}

}  // namespace kra::cli
