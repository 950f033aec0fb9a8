#include "engine/fresh.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "os/process.hpp"

namespace kra {

// A prompt of more lines than this is not expected; whoever typed a few commands is further down.
constexpr int highest_prompt = 4;

InFront front_of(pid_t pane) {
  auto front = foreground_of(pane);
  if (!front) return InFront::other;
  if (front->is_leader) return InFront::shell;
  return front->pid == ::getpgrp() || front->pid == ::getpid() ? InFront::us : InFront::other;
}

bool may_be_fresh(const LiveSession& session) {
  if (session.windows.size() != 1 || session.windows[0].panes.size() != 1) return false;
  if (!session.session.group.empty() || !session.lazy.empty() || session.windows[0].window.link > 0) return false;
  const auto& pane = session.windows[0].panes[0];
  return !pane.dead && !pane.alternate && pane.history_size == 0 && pane.cursor_y <= highest_prompt && pane.pane.command.empty();
}

bool shows_one_prompt(const std::string& screen, int prompt_y) {
  auto lines = split(screen, "\n");
  if (prompt_y < 0 || static_cast<std::size_t>(prompt_y) >= lines.size()) return true;
  auto prompt = lines[static_cast<std::size_t>(prompt_y)];
  prompt = prompt.substr(0, prompt.find(' '));
  if (prompt.empty()) return true;
  for (int line = 0; line < prompt_y; ++line)
    if (lines[static_cast<std::size_t>(line)].substr(0, prompt.size()) == prompt) return false;
  return true;
}

static bool is_fresh(const TmuxServer& server, const LivePane& pane, const Patience& patience) {
  auto front = front_of(pane.pid);
  if (front == InFront::other) return false;
  int prompt_y = pane.cursor_y - (front == InFront::us ? 1 : 0);
  if (prompt_y <= 0) return true;
  TmuxScript script;
  script.command({"capture-pane", "-p", "-t", pane.id});
  auto screen = run_script(server, script, false, patience);
  return screen && shows_one_prompt(screen->output, prompt_y);
}

std::set<std::string> fresh_sessions(const TmuxServer& server, const LiveServer& live, const Patience& patience) {
  std::set<std::string> fresh;
  for (const auto& session : live.sessions)
    if (may_be_fresh(session) && is_fresh(server, session.windows[0].panes[0], patience)) fresh.insert(session.id);
  return fresh;
}

}  // namespace kra
