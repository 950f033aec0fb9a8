#include "peers/tmux_format.hpp"

#include <random>

#include "base/text.hpp"
#include "model/tmux_options.hpp"
#include "peers/tmux.hpp"
#include "peers/tmux_hooks.hpp"

namespace kra {
namespace {

std::string line(std::string_view token, char kind, const std::vector<std::string>& names) {
  auto format = cat(token, kind, token);
  // A name in #{} is a variable; what is a format already stays as it is.
  for (const auto& name : names) format += cat(name.starts_with('#') ? name : cat("#{", name, "}"), token);
  return format + ".";
}

// One digit for each hook of that scope: 1 where something of ours is in force.
std::string hook_digits(HookScope scope) {
  std::string format = "#{l:}";
  for (const auto& hook : hook_table()) {
    if (hook.scope == scope) format += cat("#{?#{", hook_name(hook), "},1,0}");
  }
  return format;
}

std::vector<std::string> of_session() {
  return {"session_id", "session_name", "session_group", "session_path", "session_attached", "session_created", "session_activity",
          "session_last_attached", "@kra_lazy", hook_digits(HookScope::session)};
}

std::vector<std::string> of_window() {
  std::vector<std::string> names = {"session_id", "window_id", "window_index", "window_name", "window_layout", "window_active",
                                    "window_last_flag", "window_zoomed_flag", "window_width", "window_height", "window_activity",
                                    "automatic-rename", hook_digits(HookScope::window)};
  for (const auto name : saved_window_options()) names.emplace_back(name);
  return names;
}

std::vector<std::string> of_pane() {
  return {"window_id", "pane_id", "pane_index", "pane_active", "pane_last", "pane_title", "pane_pid", "pane_dead", "pane_start_command",
          "alternate_on", "history_size", "cursor_y", std::string(resume_option), hook_digits(HookScope::pane)};
}

std::vector<std::string> of_client() {
  return {"client_name", "client_session", "session_id", "client_last_session", "client_activity", "client_control_mode"};
}

// How many fields a record of that kind has.
std::size_t count_of(char kind) {
  switch (kind) {
    case 'B': return fields::begin_count;
    case 'S': return fields::s_count;
    case 'W': return fields::w_options + saved_window_options().size();
    case 'P': return fields::p_count;
    case 'C': return fields::c_count;
    case 'O': return 1;
    case 'E': return 2;
    default: return 0;
  }
}

}  // namespace

std::string fresh_token() {
  std::random_device random;
  return cat("@k", hex(random(), 8), "@");
}

std::vector<std::string> question(std::string_view token) {
  return {"display-message", "-p", line(token, 'B', {"pid", "start_time", "version"}), ";",
          "list-sessions", "-F", line(token, 'S', of_session()), ";",
          "list-windows", "-a", "-F", line(token, 'W', of_window()), ";",
          "list-panes", "-a", "-F", line(token, 'P', of_pane()), ";",
          "list-clients", "-F", line(token, 'C', of_client()), ";",
          "display-message", "-p", cat(token, "O", token), ";",
          "show-options", "-gH", ";", "show-options", "-gwH", ";",
          "display-message", "-p", cat(token, "."), ";",
          "display-message", "-p", line(token, 'E', {"pid", "start_time"})};
}

Result<std::vector<TmuxRecord>> records_of(std::string_view answer, std::string_view token) {
  const auto torn = [] { return Error{Fault::conflict, "the tmux server went away while it was read"}; };
  const auto pieces = split(answer, token);
  std::vector<TmuxRecord> records;
  std::size_t at = 1;
  while (at < pieces.size()) {
    if (pieces[at].size() != 1) return torn();
    const char kind = pieces[at][0];
    const auto count = count_of(kind);
    if (count == 0 || at + count + 1 >= pieces.size() || pieces[at + count + 1] != ".\n") return torn();
    records.push_back({kind, {pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1, pieces.begin() + static_cast<std::ptrdiff_t>(at + count) + 1}});
    at += count + 2;
  }
  if (!pieces[0].empty() || records.empty() || records.front().kind != 'B' || records.back().kind != 'E') return torn();
  return records;
}

}  // namespace kra
