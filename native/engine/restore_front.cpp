// The third script of a lazy restore. The session that is wanted first is made first, while tmux gives a client without a target the one that
// was made last.
#include "base/text.hpp"
#include "engine/restore_script.hpp"

namespace kra {

// Sessions of a group share their windows, so a new one has them already.
static TmuxScript join_in_its_place(const SessionPlan& session, const MadeSession& made, const ScriptNames& names) {
  const auto name = cat("kra-", names.token, "-front");
  const auto target = cat("=", name, ":");
  TmuxScript script;
  script.command_with(session.path, {"new-session", "-d", "-t", made.id, "-s", name, "-c", "\x01"});
  for (const auto& window : session.windows)
    if (window.window.last) script.command({"select-window", "-t", cat(target, window.window.index)});
  for (const auto& window : session.windows)
    if (window.window.active) script.command({"select-window", "-t", cat(target, window.window.index)});
  script.command({"kill-session", "-t", made.id});
  script.command({"display-message", "-p", "-t", target, "front #{session_id}"});
  script.command_with(session.name, {"rename-session", "-t", target, "\x01"});
  return script;
}

static TmuxScript take_its_place(const SessionPlan& session, const MadeSession& made, const ScriptNames& names, std::size_t at) {
  const auto name = cat("kra-", names.token, "-front");
  const auto target = cat("=", name, ":");
  TmuxScript script;
  std::vector<std::string> words{"new-session", "-d", "-s", name, "-c", "\x01"};
  if (session.session.width > 0 && session.session.height > 0)
    words.insert(words.end(), {"-x", cat(session.session.width), "-y", cat(session.session.height)});
  script.command_running(session.path, words, placeholder_program());
  script.command({"move-window", "-d", "-s", target, "-t", cat(target, window_aside)});
  for (std::size_t i = 0; i < session.windows.size(); ++i) {
    const auto index = session.windows[i].window.index;
    script.command({"move-window", "-d", "-s", cat(made.id, ":", index), "-t", cat(target, index)});
  }
  for (const auto& window : session.windows)
    if (window.window.last) script.command({"select-window", "-t", cat(target, window.window.index)});
  for (const auto& window : session.windows)
    if (window.window.active) script.command({"select-window", "-t", cat(target, window.window.index)});
  // Without this a user's renumber-windows would close the gaps between the others.
  script.command({"set-option", "-t", target, "renumber-windows", "off"});
  script.command({"kill-window", "-t", cat(target, window_aside)});
  script.command({"set-option", "-u", "-t", target, "renumber-windows"});
  // The old one ended with its last window; what somebody opened in it meanwhile keeps it.
  script.command({"rename-session", "-t", made.id, cat("kra-", names.token, "-old-", at)});
  script.command({"display-message", "-p", "-t", target, "front #{session_id}"});
  script.command_with(session.name, {"rename-session", "-t", target, "\x01"});
  return script;
}

TmuxScript front_script(const Plan& plan, const Made& made, const ScriptNames& names, std::size_t at) {
  TmuxScript script;
  const auto& session = plan.sessions[at];
  auto place = session.session.group.empty() ? take_its_place(session, made[at], names, at) : join_in_its_place(session, made[at], names);
  script.command_block({"if-shell", "-F", "-t", cat(made[at].id, ":"), "#{?session_attached,0,1}"}, place);
  return script;
}

std::string front_said(const std::string& output) {
  for (auto line : split(output, "\n"))
    if (line.starts_with("front $")) return std::string(line.substr(6));
  return "";
}

}  // namespace kra
