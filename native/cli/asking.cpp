#include "cli/asking.hpp"

#include "base/version.hpp"
#include "os/socket.hpp"

namespace kra::cli {

// Whether the connection has ended: an unavailable of the daemon's own is an answer.
static bool has_ended(DaemonClient& daemon) {
  for (;;) {
    auto said = daemon.notified();
    if (!said || !*said) return !said.ok();
  }
}

Result<std::optional<Value>> ask_daemon(const Context& context, Start start, std::string_view method, Value param, Milliseconds time) {
  auto patience = Patience::of(time);
  for (int attempt = 1;; ++attempt) {
    auto daemon = reach(context.paths, version(), start, patience);
    if (!daemon) return std::optional<Value>();
    auto answer = daemon->request(method, param, patience);
    if (answer) return std::optional<Value>(std::move(*answer));
    // One that was about to end (idle, or taken over from) has greeted us and gone: the next one is asked.
    bool lost = answer.error().fault == Fault::unavailable && has_ended(*daemon);
    if (!lost || attempt == 3 || patience.over()) return std::move(answer.error());
  }
}

bool no_server(const Context& context) {
  auto connected = connect_to(context.server.socket);
  return !connected && (connected.error().fault == Fault::not_found || connected.error().fault == Fault::unavailable);
}

}  // namespace kra::cli
