#include "daemon/focus.hpp"

#include <algorithm>

namespace kra {

void tell_focus(Server& clients, const Event& event) {
  const auto& panes = event.args;
  if (event.server.empty() || panes.empty() || panes.front() != "seen") return;
  clients.each([&](Client& client) {
    if (client.hello.client != "nvim" || client.hello.tmux != event.server || client.hello.pane.empty()) return;
    bool gained = std::find(panes.begin() + 1, panes.end(), client.hello.pane) != panes.end();
    if (std::exchange(client.seen, gained) == gained) return;
    client.tell_editor("focus", Value::Map{{"gained", gained}});
  });
}

}  // namespace kra
