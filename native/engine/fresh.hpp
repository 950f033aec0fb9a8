// Fresh sessions: one window with one pane, an idle shell in which nothing was typed. What a bare `tmux` leaves.
#pragma once

#include <map>
#include <set>
#include <string>

#include "os/process.hpp"
#include "peers/tmux.hpp"

namespace kra {

// Who is in front in a pane: its shell at the prompt, we ourselves, or another program.
enum class InFront { shell, us, other };
InFront front_of(pid_t pane, const std::string& default_shell);

// Whether nothing that the system remembers of the pane's shell speaks for use: it is the shell that the session began with, is where it
// began, has no children, nobody typed to it, and it has rested since its prompt came. A screen can be cleared; this cannot. With us in
// front somebody has typed our command, `typed` bytes: then a young shell counts that has not waited for more keys than that takes.
bool shows_no_use(const LiveSession& session, InFront front, const ProcessPast& past, std::size_t typed, WallTime now);

// What can be told without the screen: the number of windows and panes, the start command, the history.
bool may_be_fresh(const LiveSession& session);

// Whether a screen with a prompt on line `prompt_y` shows no other: no line above begins like it.
bool shows_one_prompt(const std::string& screen, int prompt_y);

// The ids of the sessions that are fresh. One client call when a screen must be seen.
std::set<std::string> fresh_sessions(const TmuxServer& server, const LiveServer& live, const Patience& patience);

}  // namespace kra
