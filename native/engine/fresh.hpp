// Fresh sessions: one window with one pane, an idle shell in which nothing was typed. What a bare `tmux` leaves.
#pragma once

#include <map>
#include <set>
#include <string>

#include "peers/tmux.hpp"

namespace kra {

// Who is in front in a pane: its shell at the prompt, we ourselves, or another program.
enum class InFront { shell, us, other };
InFront front_of(pid_t pane);

// What can be told without the screen: the number of windows and panes, the start command, the history.
bool may_be_fresh(const LiveSession& session);

// Whether a screen with a prompt on line `prompt_y` shows no other: no line above begins like it.
bool shows_one_prompt(const std::string& screen, int prompt_y);

// The ids of the sessions that are fresh. One client call when a screen must be seen.
std::set<std::string> fresh_sessions(const TmuxServer& server, const LiveServer& live, const Patience& patience);

}  // namespace kra
