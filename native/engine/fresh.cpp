#include "engine/fresh.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/prompt.hpp"

namespace kra {

// A prompt of more lines than this is not expected; whoever typed a few commands is further down.
constexpr int highest_prompt = 4;
// zsh erases the screen before its first prompt, which gives a line of history with nothing in it.
constexpr int blank_history = 1;
// Milliseconds from a shell's start to its prompt: with start-up files that start programs, those that ended cannot be told from what
// somebody ran, so it must have been quick; after a client came (which makes the shell draw its prompt again) nobody types sooner.
constexpr std::int64_t start_up = 2000, start_up_with_programs = 500, after_attach = 2000;
// How long after its start somebody may have typed just our command and nothing before it.
constexpr std::int64_t young = 600'000;

// A line editor waits once for each key (fish, which has threads, up to seven times), besides what a start-up takes. Measured: bash 1 to 9, zsh 1
// to 15, and fish, which starts programs, 102. Some keys more than the command has: for corrections, and for a redirection, which no process shows.
constexpr std::int64_t start_up_waits = 20, start_up_waits_with_programs = 150, corrected_keys = 6;

static bool typed_no_more(const ProcessPast& past, std::size_t typed) {
  if (!past.waits) return true;
  const auto keys = static_cast<std::int64_t>(typed) + corrected_keys;
  return *past.waits <= (past.reaped_children ? start_up_waits_with_programs + 7 * keys : start_up_waits + keys);
}

InFront front_of(pid_t pane, const std::string& default_shell) {
  auto front = foreground_of(pane);
  if (!front) return InFront::other;
  if (front->is_leader) return is_shell_at_prompt(front->argv, default_shell) ? InFront::shell : InFront::other;
  return front->pid == ::getpgrp() || front->pid == ::getpid() ? InFront::us : InFront::other;
}

bool may_be_fresh(const LiveSession& session) {
  if (session.windows.size() != 1 || session.windows[0].panes.size() != 1) return false;
  if (!session.session.group.empty() || !session.lazy.empty() || session.windows[0].window.link > 0) return false;
  const auto& pane = session.windows[0].panes[0];
  return !pane.dead && !pane.alternate && pane.history_size <= blank_history && pane.cursor_y <= highest_prompt && pane.pane.command.empty();
}

static bool same_directory(const std::string& one, const std::string& other) {
  struct stat first{}, second{};
  if (::stat(one.c_str(), &first) != 0 || ::stat(other.c_str(), &second) != 0) return false;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// It came to rest with its prompt: by its own time on a processor, else by what was last written into its window.
static bool has_rested(const LiveSession& session, const ProcessPast& past) {
  const auto attached = session.last_attached * 1000 - past.started_ms + after_attach;
  if (!past.last_ran_ms) return session.windows[0].activity * 1000 - past.started_ms <= std::max(start_up, attached);
  return *past.last_ran_ms <= std::max(past.reaped_children ? start_up_with_programs : start_up, attached);
}

bool shows_no_use(const LiveSession& session, InFront front, const ProcessPast& past, std::size_t typed, WallTime now) {
  if (front == InFront::other || !same_directory(past.cwd, session.session.path)) return false;
  // Times of tmux are in whole seconds.
  if (past.started_ms > (session.created + 3) * 1000) return false;
  if (front == InFront::us) return past.children.size() <= 1 && now.ms - past.started_ms <= young && typed_no_more(past, typed);
  return past.children.empty() && past.input_ms - past.started_ms <= 1000 && has_rested(session, past);
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

// The bytes of the command line in front, as people type it.
static std::size_t typed_in_front(pid_t pane) {
  const auto front = foreground_of(pane);
  return front ? join(front->argv, " ").size() : 0;
}

// Lines of a pane, as tmux gives them; nothing when it does not.
static std::optional<std::string> captured(const TmuxServer& server, const LivePane& pane, const std::vector<std::string>& lines, const Patience& patience) {
  std::vector<std::string> words{"capture-pane", "-p", "-t", pane.id};
  words.insert(words.end(), lines.begin(), lines.end());
  TmuxScript script;
  script.command(words);
  auto screen = run_script(server, script, false, patience);
  if (!screen) return {};
  return std::move(screen->output);
}

static bool is_fresh(const TmuxServer& server, const LiveServer& live, const LiveSession& session, const Patience& patience) {
  const auto& pane = session.windows[0].panes[0];
  auto front = front_of(pane.pid, live.default_shell);
  auto past = past_of(pane.pid);
  if (!past || !shows_no_use(session, front, *past, typed_in_front(pane.pid), wall_now())) return false;
  int prompt_y = pane.cursor_y - (front == InFront::us ? 1 : 0);
  if (pane.history_size > 0) {
    const auto history = captured(server, pane, {"-S", "-", "-E", "-1"}, patience);
    if (!history || history->find_first_not_of(" \n") != std::string::npos) return false;
  }
  if (prompt_y <= 0) return true;
  const auto screen = captured(server, pane, {}, patience);
  return screen && shows_one_prompt(*screen, prompt_y);
}

std::set<std::string> fresh_sessions(const TmuxServer& server, const LiveServer& live, const Patience& patience) {
  std::set<std::string> fresh;
  for (const auto& session : live.sessions)
    if (may_be_fresh(session) && is_fresh(server, live, session, patience)) fresh.insert(session.id);
  return fresh;
}

}  // namespace kra
