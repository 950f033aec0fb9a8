// What tmux is asked for in one client call, and the pieces of its answer. Only peers/tmux*.cpp use this.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace kra {

// A line of the answer: of what it tells, and its fields in the order of the format.
struct TmuxRecord {
  char kind;
  std::vector<std::string_view> fields;
};

// kind: B begin (pid, start time, version), S session, W window in a session, P pane of a window, C client, O all global options and
// hooks as one text, E end (pid, start time).
namespace fields {
enum Begin { begin_pid, begin_start, begin_version, begin_count };
enum OfSession { s_id, s_name, s_group, s_path, s_attached, s_created, s_activity, s_last_attached, s_lazy, s_hooks, s_count };
enum OfWindow {
  w_session, w_id, w_index, w_name, w_layout, w_active, w_last, w_zoomed, w_width, w_height, w_activity, w_automatic_rename, w_hooks, w_options
};
enum OfPane {
  p_window, p_id, p_index, p_active, p_last, p_title, p_pid, p_dead, p_start_command, p_alternate, p_history, p_cursor_y, p_resume, p_hooks,
  p_count
};
enum OfClient { c_name, c_session, c_session_id, c_last_session, c_activity, c_control, c_count };
}  // namespace fields

// A printable text that no field holds: unpredictable, so that no title or path can fake the end of its field.
std::string fresh_token();
// The words of the client call.
std::vector<std::string> question(std::string_view token);
// conflict: the answer is torn.
Result<std::vector<TmuxRecord>> records_of(std::string_view answer, std::string_view token);

}  // namespace kra
