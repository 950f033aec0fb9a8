// `kra daemon start|stop|restart|status|events`. `run` is main()'s: only it knows the daemon's side.
#include <poll.h>

#include "base/version.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "peers/daemon_client.hpp"

namespace kra::cli {

static constexpr Milliseconds patience_time{10'000};

static bool is_absent(const Error& error) { return error.fault == Fault::not_found || error.fault == Fault::unavailable; }

static ExitCode start(const Paths& paths, Console& console) {
  auto patience = Patience::of(patience_time);
  auto client = reach(paths, version(), Start::if_needed, patience);
  if (!client) return console.say(client.error().what), ExitCode::no_daemon;
  console.line("daemon ", client->greeting()["version"].text_or("?"), " runs as process ", client->greeting()["pid"].number_or(0));
  return ExitCode::done;
}

// The connection ends when the daemon does.
static void await_end(DaemonClient& client, const Patience& patience) {
  while (client.notified() && !patience.over()) {
    pollfd wanted{client.fd(), POLLIN, 0};
    ::poll(&wanted, 1, patience.left_ms(1000));
  }
}

// Whoever stops a daemon need not speak its protocol.
static Result<DaemonClient> any_daemon(const Paths& paths, const Patience& patience) {
  auto client = reach(paths, version(), Start::never, patience);
  if (client || client.error().fault != Fault::refused) return client;
  return connect_to_daemon(paths);
}

static ExitCode stop(const Paths& paths, Console& console) {
  auto patience = Patience::of(patience_time);
  auto client = any_daemon(paths, patience);
  if (!client && is_absent(client.error())) return console.line("no daemon runs"), ExitCode::done;
  if (!client) return fail(console, client.error());
  OR_FAIL(client->request("stop", Value::Map{}, patience));
  await_end(*client, patience);
  console.line("daemon stopped");
  return ExitCode::done;
}

static ExitCode show(const Paths& paths, const Call& call, Console& console, const char* method) {
  auto patience = Patience::of(patience_time);
  auto client = reach(paths, version(), Start::never, patience);
  if (!client && is_absent(client.error())) {
    if (call.json())
      console.json(Value::Map{{"daemon", Value::Map{{"running", false}}}});
    else
      console.line("no daemon runs; it is started when it is needed");
    return ExitCode::done;
  }
  if (!client) return fail(console, client.error());
  auto status = OR_FAIL(client->request(method, Value::Map{}, patience));
  if (call.json()) return console.json(status), ExitCode::done;
  const auto& events = method == std::string_view("events") ? status : status["events"];
  const auto& daemon = status["daemon"];
  if (daemon.map())
    console.line("process ", daemon["pid"].number_or(0), ", release ", daemon["version"].text_or("?"), ", since ",
                 duration_text(daemon["uptime_ms"].number_or(0)), ", ", daemon["rss"].number_or(0) / 1024, " KiB, ",
                 static_cast<long>(status["clients"].array() ? status["clients"].array()->size() - 1 : 0), " clients");
  console.line(events["accepted"].number_or(0), " events taken, ", events["pending"].number_or(0), " wait for a save");
  return ExitCode::done;
}

static ExitCode run_daemon_command(const Call& call, Console& console) {
  auto action = call.argument(0);
  auto paths = OR_FAIL(find_paths());
  if (action == "start") return start(paths, console);
  if (action == "stop") return stop(paths, console);
  if (action == "status") return show(paths, call, console, "status");
  if (action == "events") return show(paths, call, console, "events");
  if (action == "restart") {
    auto stopped = stop(paths, console);
    return stopped == ExitCode::done ? start(paths, console) : stopped;
  }
  return fail(console, {Fault::usage, "daemon wants start, stop, restart, run, status or events"});
}

CommandRow daemon_command() {
  return {.name = "daemon",
          .group = Group::plumbing,
          .usage = "ACTION",
          .summary = "start, stop or look at the background process",
          .detail = "The daemon keeps the workspace saved. It is started when it is needed and ends\n"
                    "by itself when no tmux server and no editor is connected, so nobody has to\n"
                    "care. `stop` saves first what is pending. `run` stays in the foreground.\n"
                    "`events` counts what hooks, shells and editors told it.",
          .examples = "kra daemon status --json   what it does, for scripts\n"
                      "kra daemon restart         after an upgrade, at once",
          .arguments = {{.name = "ACTION", .text = "what to do", .choices = "start|stop|restart|run|status|events", .completes = Completes::choice}},
          .least = 1,
          .most = 1,
          .json = true,
          .run = run_daemon_command};
}

}  // namespace kra::cli
