#include "cli/checks.hpp"
#include "os/socket.hpp"

namespace kra::cli {

Finding check_server(Context& context) {
  auto connected = connect_to(context.server.socket);
  return connected ? Finding() : cat("no tmux server runs at ", context.server.socket);
}

Finding check_hooks(Context& context) {
  if (check_server(context)) return std::nullopt;
  auto live = read_server(context.server, Patience::of(Milliseconds(5'000)));
  if (!live) return cat("the tmux server could not be read: ", live.error().what);
  auto missing = live->missing_hooks.size();
  return missing == 0 ? Finding() : cat(missing, missing == 1 ? " hook is" : " hooks are", " not in the tmux server at ", context.server.socket);
}

}  // namespace kra::cli
