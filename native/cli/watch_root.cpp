// kra watch: changes below a directory as JSON lines, for as long as somebody reads them.
#include <poll.h>
#include <unistd.h>

#include <array>

#include "base/version.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "os/scan.hpp"
#include "peers/daemon_client.hpp"

namespace kra::cli {

static constexpr Milliseconds ask_time{60'000};

static void print_change(Console& console, const Value& change) {
  Value::Map line;
  for (const auto& [key, value] : *change.map()) {
    if (key == "at") line.emplace_back("at", rfc3339(WallTime{value.number_or(0)}));
    else if (key != "cause") line.emplace_back(key, value);
  }
  console.json(line);
}

static Value ready_line(const Value& answer, bool again) {
  Value line = Value::Map{{"ready", true}};
  for (const auto& [key, value] : *answer.map()) line.set(key, value);
  // What happened between two daemons nobody saw.
  line.set("lost", again);
  return line;
}

enum class Ended { daemon, reader, stopped };

static Ended follow(Console& console, DaemonClient& daemon) {
  for (;;) {
    auto said = daemon.notified();
    if (!said) return Ended::daemon;
    if (!*said) {
      if (!console.flush()) return Ended::reader;
      // Whoever reads us may go while nothing happens.
      std::array<pollfd, 2> wanted = {pollfd{daemon.fd(), POLLIN, 0}, pollfd{STDOUT_FILENO, 0, 0}};
      ::poll(wanted.data(), wanted.size(), -1);
      if (wanted[1].revents & (POLLERR | POLLHUP)) return Ended::reader;
      continue;
    }
    const auto& param = (*said)->param;
    if ((*said)->method == "bye" && param["reason"].text_or("") == "stop") return Ended::stopped;
    if ((*said)->method != "changed") continue;
    if (param["lost"].flag_or(false)) console.json(Value(Value::Map{{"lost", true}, {"root", param["root"]}}));
    if (param["changes"].array())
      for (const auto& change : *param["changes"].array())
        if (change.map()) print_change(console, change);
  }
}

static ExitCode run_watch_root(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto root = real_path(call.arguments.empty() ? "." : call.argument(0));
  if (root.empty() || !stamp_of(root).directory) return fail(console, {Fault::not_found, cat("no directory ", printable(call.argument(0)))});
  for (bool again = false;; again = true) {
    auto daemon = reach(context.paths, version(), Start::if_needed, Patience::of(Milliseconds(10'000)));
    if (!daemon) {
      console.say(daemon.error().what);
      return ExitCode::no_daemon;
    }
    auto ready = daemon->request("watch_root", Value::Map{{"root", root}}, Patience::of(ask_time));
    if (!ready && (ready.error().fault != Fault::unavailable || again)) return fail(console, ready.error());
    if (!ready) continue;
    console.json(ready_line(*ready, again));
    if (!console.flush()) return ExitCode::done;
    auto ended = follow(console, *daemon);
    if (ended == Ended::reader) return ExitCode::done;
    if (ended == Ended::daemon) continue;
    console.say("the daemon was stopped");
    return ExitCode::no_daemon;
  }
}

CommandRow watch_command() {
  return {.name = "watch",
          .group = Group::work,
          .usage = "[ROOT]",
          .summary = "print changes below a directory as JSON lines",
          .detail = "The first line says {\"ready\":true,...}: from then on every change is told, each\n"
                    "with path, kind (modify, create, delete, rename), writer and time. A file counts\n"
                    "when it was closed after writing or moved into place. What git ignores is left\n"
                    "out. {\"lost\":true} says that the system dropped events; the tree is then looked\n"
                    "through again, and what is found follows.",
          .examples = "kra watch            below the current directory\n"
                      "kra watch ~/src/app",
          .arguments = {{"ROOT", "directory to watch (the current one)", {}, Completes::file}},
          .most = 1,
          .run = run_watch_root};
}

}  // namespace kra::cli
