// `kra tmux-watch`: one small process that lives as long as its tmux server, as a job of it. A tmux client blocks on `wait-for kra`; kra's
// hooks only signal that, so a burst of changes starts no process.
//
//   arm: tmux list-clients -F 'seen PANE' \; display-message -p 'armed PID' \; wait-for kra
//        "armed" read -> event, with the panes that clients show: a snapshot from now on misses nothing
//   the client ends: something changed (or the server has ended)  -> armed again, once a second at most (or event gone)
//
// It sleeps in poll() between changes, and starts the daemon again when that was killed.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/event.hpp"
#include "engine/throttle.hpp"
#include "os/lock.hpp"
#include "os/socket.hpp"
#include "peers/daemon_client.hpp"
#include "peers/tmux.hpp"

extern char** environ;

namespace kra::cli {

namespace {

constexpr Milliseconds rest_time{1000};      // between two arms, and between two starts of the daemon
constexpr Milliseconds look_again{50};       // while a server that ends is not gone
constexpr Milliseconds daemon_patience{5000};
constexpr std::size_t panes_told = 256;
constexpr Milliseconds longest_pause{60'000};  // between two tries to tell what no daemon has taken

struct Server {
  std::string socket;
  pid_t pid = 0;
};

// $TMUX is SOCKET,PID,SESSION; the socket's path may hold commas.
std::optional<Server> server_from_environment() {
  const char* text = std::getenv("TMUX");
  std::string_view all = text ? text : "";
  auto session = all.rfind(',');
  auto pid = session == std::string_view::npos ? session : all.substr(0, session).rfind(',');
  if (pid == std::string_view::npos) return std::nullopt;
  auto number = parse_int(all.substr(pid + 1, session - pid - 1));
  if (!number || *number <= 0) return std::nullopt;
  return Server{std::string(all.substr(0, pid)), static_cast<pid_t>(*number)};
}

// A tmux client that waits for our hooks' signal; its output ends when it does.
class Waiter {
 public:
  static Result<Waiter> start(const TmuxServer& server) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Fault::io, "pipe"};
    Waiter waiter(Fd{ends[0]});
    Fd theirs(ends[1]);
    waiter.pid_ = spawn(server, theirs.get());
    if (waiter.pid_ <= 0) return Error{Fault::not_found, "tmux could not be started"};
    return waiter;
  }
  Waiter(Waiter&& other) noexcept : output_(std::move(other.output_)), pid_(std::exchange(other.pid_, 0)) {}
  Waiter& operator=(Waiter&&) = delete;
  ~Waiter() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    reap();
  }

  int fd() const { return output_.get(); }
  // What it writes before it waits: the panes that clients show, and `armed PID` (empty when there is no server).
  struct Said {
    std::vector<std::string> seen;
    std::string armed;
  };
  Said said() {
    Said said;
    for (auto text = line(); !text.empty(); text = line()) {
      if (!text.starts_with("seen ")) return said.armed = std::move(text), said;
      if (said.seen.size() < panes_told) said.seen.push_back(text.substr(5));
    }
    return said;
  }
  std::string line() {
    std::string line;
    char byte;
    while (line.size() < 100) {
      auto got = ::read(output_.get(), &byte, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || byte == '\n') break;
      line.push_back(byte);
    }
    return line;
  }
  void reap() {
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
  }

 private:
  explicit Waiter(Fd output) : output_(std::move(output)) {}

  static pid_t spawn(const TmuxServer& server, int output) {
    const char* argv[] = {server.program.c_str(), "-u", "-S", server.socket.c_str(), "list-clients", "-F", "seen #{pane_id}",
                          ";", "display-message", "-p", "armed #{pid}", ";", "wait-for", "kra", nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, 1);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0);
    // The signals that we read from a descriptor are blocked in us only.
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t pid = 0;
    int failed = ::posix_spawnp(&pid, argv[0], &actions, &attributes, const_cast<char**>(argv), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return failed ? 0 : pid;
  }

  Fd output_;
  pid_t pid_ = 0;
};

class Watcher {
 public:
  Watcher(Paths paths, Server server, Fd signals)
      : paths_(std::move(paths)), server_(std::move(server)), tmux_(find_server(server_.socket, "")), signals_(std::move(signals)) {
    hello_.client = "watch";
    hello_.id = new_uuid();
    hello_.tmux = server_.socket;
  }

  void run() {
    auto next = Next::changed;
    for (int failures = 0; next == Next::changed || (next == Next::failed && ++failures < 5);) {
      next = arm_and_wait();
      if (next == Next::changed) failures = 0;
    }
    // No daemon is started for that: the next one finds nobody there by itself.
    if (next == Next::gone) tell("gone", Start::never);
  }

 private:
  enum class Next { changed, failed, gone, leave };

  // Waits for the server's hooks to signal.
  Next arm_and_wait() {
    if (!rest()) return told_to_end();
    auto waiter = Waiter::start(tmux_);
    auto said = waiter ? waiter->said() : Waiter::Said();
    if (said.armed.empty()) return gone_or(Next::failed);
    // Another server has taken the socket: it has a waiter of its own.
    if (said.armed != cat("armed ", static_cast<long>(server_.pid))) return Next::leave;
    seen_ = std::move(said.seen);
    // Told only now: a server that is going away ends the waiter too, and must not start a daemon.
    owed_ = !tell(std::exchange(told_, true) ? "tmux" : "armed");
    auto pause = rest_time;
    for (Seen seen; !seen.other;) {
      seen = wait(waiter->fd(), owed_ ? static_cast<int>(pause.count()) : -1);
      if (seen.signal) return told_to_end();
      if (!owed_ || seen.other) continue;
      owed_ = !tell("tmux");
      pause = owed_ ? std::min(pause * 2, longest_pause) : rest_time;
    }
    waiter->reap();
    return gone_or(Next::changed);
  }

  // Lets a second pass since it was armed last.
  bool rest() {
    for (armed_.poke(Clock::now()); armed_.due();) {
      if (wait(-1, Patience{*armed_.due(), {}}.left_ms(1000)).signal) return false;
      armed_.ring(Clock::now());
    }
    return true;
  }

  struct Seen {
    bool signal = false, other = false;
  };
  // Sleeps until `fd` can be read, a signal to end came, or the time is over; looks after the daemon meanwhile.
  Seen wait(int fd, int time_ms) {
    if (reconnect_.due()) {
      auto left = Patience{*reconnect_.due(), {}}.left_ms(1000);
      time_ms = time_ms < 0 ? left : std::min(left, time_ms);
    }
    std::array<pollfd, 3> wanted = {pollfd{signals_.get(), POLLIN, 0}, pollfd{fd, POLLIN, 0}, pollfd{daemon_ ? daemon_->fd() : -1, POLLIN, 0}};
    ::poll(wanted.data(), wanted.size(), time_ms);
    if (wanted[2].revents) look_at_daemon();
    if (reconnect_.ring(Clock::now())) owed_ = !connect() || owed_;
    return {wanted[0].revents != 0, wanted[1].revents != 0};
  }

  void look_at_daemon() {
    for (;;) {
      auto said = daemon_->notified();
      if (said && !*said) return;
      // Told to end by a signal before it had saved all: the next daemon finds that in the journal.
      if (said && (*said)->method == "bye")
        said_bye_ = (*said)->param["reason"].text_or("") != "signal" || (*said)->param["pending"].number_or(0) == 0;
      if (!said) break;
    }
    daemon_.reset();
    // Stopped on purpose: the next change starts it. Killed: what it had to save is still to be saved.
    if (!std::exchange(said_bye_, false) && reconnect_.poke(Clock::now())) owed_ = !connect() || owed_;
  }

  bool connect(Start start = Start::if_needed) {
    auto reached = reach(paths_, version(), start, Patience::of(daemon_patience), hello_);
    if (reached) daemon_ = std::move(*reached);
    return daemon_.has_value();
  }

  // False: no daemon has taken it.
  bool tell(const char* source, Start start = Start::if_needed) {
    Event event{.source = source, .args = {"seen"}, .server = server_.socket, .client = hello_.id, .seq = ++seq_};
    event.args.insert(event.args.end(), seen_.begin(), seen_.end());
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (!daemon_ && !connect(start)) return false;
      if (daemon_->request("event", to_value(event), Patience::of(daemon_patience))) return true;
      daemon_.reset();
    }
    return false;
  }

  // A server that ends waits for its jobs, of which we are one: that nobody listens any more is what tells.
  Next gone_or(Next otherwise) const {
    bool lives = ::kill(server_.pid, 0) == 0 || errno != ESRCH;
    return lives && connect_to(server_.socket) ? otherwise : Next::gone;
  }

  // The last that a server does is to end its jobs: it may be gone only a moment after that.
  Next told_to_end() const {
    for (auto patience = Patience::of(rest_time); !patience.over(); std::this_thread::sleep_for(look_again))
      if (gone_or(Next::leave) == Next::gone) return Next::gone;
    return Next::leave;
  }

  Paths paths_;
  Server server_;
  TmuxServer tmux_;
  Fd signals_;
  Hello hello_;
  std::optional<DaemonClient> daemon_;
  Throttle armed_{rest_time}, reconnect_{rest_time};
  bool said_bye_ = false, told_ = false;
  bool owed_ = false;  // what changed is known to no daemon, or none could be started again
  std::uint64_t seq_ = 0;
  std::vector<std::string> seen_;  // panes that clients show
};

Fd signals_to_end() {
  sigset_t ends;
  sigemptyset(&ends);
  for (int number : {SIGTERM, SIGHUP, SIGINT}) sigaddset(&ends, number);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  return Fd(::signalfd(-1, &ends, SFD_CLOEXEC));
}

}  // namespace

int run_watch() {
  auto server = server_from_environment();
  auto paths = find_paths();
  if (!server || !paths) return 1;
  // The waiter of an earlier server on this socket needs a moment to see that its server has ended.
  auto lock = Lock::take(paths->watch_lock(directory_name(server->socket)), Patience::of(2 * rest_time));
  if (!lock) return 0;
  Watcher(std::move(*paths), std::move(*server), signals_to_end()).run();
  return 0;
}

}  // namespace kra::cli
