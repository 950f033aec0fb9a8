// A Plan as tmux commands, for two client calls. The first makes sessions, windows and panes under names made of an unguessable token and
// prints their ids; the second arranges them by these ids, gives them their names, and swaps out what they replace. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "peers/tmux.hpp"

namespace kra {

struct ScriptNames {
  std::string token;  // unguessable
  std::string kra;    // absolute path of our program
  std::string host;   // a title that is this one is tmux's own
  std::string lease;  // value of @kra_restoring from the first script to the last one
};

// Ids of what was made, in the order of the plan; an empty id: tmux refused it.
struct MadeWindow {
  std::string id;
  std::vector<std::string> panes;
};
struct MadeSession {
  std::string id;
  std::string placeholder;  // window that goes when the others are there
  std::vector<MadeWindow> windows;
};
using Made = std::vector<MadeSession>;

// Which sessions of the plan a script is for: those from `from` up to `to`, this one left out.
struct Range {
  std::size_t from = 0, to = 0;
};

// The name of a session of the plan until it gets its own.
std::string temporary_name(const ScriptNames& names, std::size_t session);
// Stands for the number of a window in what a script prints about a placeholder.
constexpr std::size_t no_window = 9'999'999;

// Far above what people use: a window rests here while its own index is made free.
inline constexpr int window_aside = 1'000'000;
// Runs for as long as its terminal does and costs nothing.
inline std::vector<std::string> placeholder_program() { return {"cat", "-"}; }

// At the end of @kra_lazy: filled with shells only.
inline constexpr std::string_view lazy_without_programs = " shells";

TmuxScript build_script(const Plan& plan, const ScriptNames& names, Range range);
// Adds what a build script printed.
void read_made(const std::string& output, Made& made);
TmuxScript finish_script(const Plan& plan, const Made& made, const ScriptNames& names, const std::vector<LiveClient>& clients, Range range);
// The session at `at` becomes the one that was made last: an attach without a target takes that. Its windows move
// into a new session of its name (one of a group shares them with it), whose id is printed; nothing happens when somebody is attached to it. The last script of a restore.
TmuxScript front_script(const Plan& plan, const Made& made, const ScriptNames& names, std::size_t at);
// The id that it printed; empty when nothing was done.
std::string front_said(const std::string& output);
// Sessions, windows and panes that could not be made, one line each.
std::vector<std::string> find_missing(const Plan& plan, const Made& made);
// Layouts that were not applied, and what else tmux refused.
std::vector<std::string> find_refused(const Plan& plan, const ScriptOutcome& finished);
// Process and start time of the server, as the last script printed them; 0 when it did not.
LiveServer server_said(const std::string& output);
Counts count_made(const Plan& plan, const Made& made);

// Brackets and cells of a layout string: what stays the same when a client of another size looks at the window.
std::string layout_shape(const std::string& layout);
// Only bytes that tmux writes into a layout.
bool is_layout(const std::string& layout);

// Commands of a pane that will run what `pane` says, from `words` on (split-window, new-window, …).
void add_pane(TmuxScript& script, std::vector<std::string> words, const PanePlan& pane, const ScriptNames& names);
// Options, layout, titles, active pane and name of a window whose panes have been made.
void add_window_finish(TmuxScript& script, const Window& window, const MadeWindow& made, const ScriptNames& names);

}  // namespace kra
