#include "engine/restore_script.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra {

namespace {

constexpr int aside = window_aside;

// What -t takes while the script that makes the session still runs.
std::string target_of(const SessionPlan& session, const ScriptNames& names, std::size_t at) {
  return session.fills.empty() ? cat("=", temporary_name(names, at)) : session.fills;
}

std::string ids_of(std::size_t session, std::size_t window, std::size_t pane) {
  return cat("kra ", session, " ", window, " ", pane, " #{session_id} #{window_id} #{pane_id}");
}
// Lines that the lowest pane has left when it is split again and again, and when tmux has tiled the window in between.
int height_when_tiled(int height, std::size_t panes) {
  std::size_t rows = 1, columns = 1;
  while (rows * columns < panes) {
    ++rows;
    if (rows * columns < panes) ++columns;
  }
  return (height - static_cast<int>(rows) + 1) / static_cast<int>(rows);
}

class Builder {
 public:
  Builder(const Plan& plan, const ScriptNames& names) : plan_(plan), names_(names) {}

  void session(std::size_t at) {
    const auto& session = plan_.sessions[at];
    if (session.follows >= 0 || !session.joins.empty()) return;  // made by the second script, when their group is there
    auto target = target_of(session, names_, at);
    auto first = session.fills.empty() ? make(at) : free_placeholder(session);
    if (session.lazy) return;
    for (std::size_t i = 0; i < session.windows.size(); ++i)
      if (!session.windows[i].linked) window(at, i, i == first);
  }

  TmuxScript script;

 private:
  // The window that new-session makes: the active one, so that no other counts as visited before it.
  static std::size_t first_window(const SessionPlan& session) {
    auto first = no_window;
    for (std::size_t i = 0; i < session.windows.size(); ++i) {
      const auto& window = session.windows[i];
      if (window.linked || window.panes.empty()) continue;
      if (first == no_window || window.window.active) first = i;
    }
    return first;
  }

  std::size_t make(std::size_t at) {
    const auto& session = plan_.sessions[at];
    auto first = session.lazy ? no_window : first_window(session);
    std::vector<std::string> words{"new-session", "-d", "-P", "-F", ids_of(at, first, 0), "-s", temporary_name(names_, at)};
    if (session.session.width > 0 && session.session.height > 0)
      words.insert(words.end(), {"-x", cat(session.session.width), "-y", cat(session.session.height)});
    auto target = cat("=", temporary_name(names_, at));
    if (first == no_window) {
      words.insert(words.end(), {"-c", "\x01"});
      script.command_running(session.path, words, placeholder_program());
      step_aside(target);
      return first;
    }
    const auto& window = session.windows[first];
    add_name(words, window.window);
    add_pane(script, words, window.panes[0], names_);
    // new-session puts -e into the session, and every later shell would find it there.
    if (window.panes[0].start == PaneStart::job) script.command({"set-environment", "-u", "-t", target, "KRA_RESTORE"});
    // Refused, after it has done this, for want of a terminal: nothing else changes where a session starts its windows.
    if (window.panes[0].cwd != session.path) script.command_with(session.path, {"attach-session", "-t", target, "-c", "\x01"});
    step_aside(target);
    script.command({"move-window", "-d", "-s", cat(target, ":", aside), "-t", cat(target, ":", window.window.index)});
    return first;
  }

  // base-index is the user's: the first window leaves whatever place it got.
  void step_aside(const std::string& target) { script.command({"move-window", "-d", "-s", cat(target, ":"), "-t", cat(target, ":", aside)}); }

  std::size_t free_placeholder(const SessionPlan& session) {
    if (!session.placeholder.empty())
      script.command({"move-window", "-d", "-s", session.placeholder, "-t", cat(session.fills, ":", aside)});
    return no_window;
  }

  void window(std::size_t at, std::size_t index, bool made) {
    const auto& session = plan_.sessions[at];
    const auto& window = session.windows[index];
    auto target = cat(target_of(session, names_, at), ":", window.window.index);
    int height = session.session.height > 0 ? session.session.height : 24;
    for (std::size_t i = 0; i < window.panes.size(); ++i) {
      auto tag = ids_of(at, index, i);
      if (i == 0) {
        std::vector<std::string> words{"new-window", "-d", "-P", "-F", tag, "-t", target};
        if (!made) add_name(words, window.window), add_pane(script, words, window.panes[0], names_);
        continue;
      }
      if ((height + 1) / 2 - 1 < 4) script.command({"select-layout", "-t", target, "tiled"}), height = height_when_tiled(height_of(session), i);
      // The first pane stays the active one, and the one before it is the last.
      add_pane(script, {"split-window", "-d", "-P", "-F", tag, "-t", cat(target, ".-")}, window.panes[i], names_);
      height = (height + 1) / 2 - 1;
    }
  }

  void add_name(std::vector<std::string>& words, const Window& window) {
    if (!is_named_when_made(window.name)) return;
    script.with_name(window.name);
    words.insert(words.end(), {"-n", "\x02"});
  }

  static int height_of(const SessionPlan& session) { return session.session.height > 0 ? session.session.height : 24; }

  const Plan& plan_;
  const ScriptNames& names_;
};

}  // namespace

std::string temporary_name(const ScriptNames& names, std::size_t session) { return cat("kra-", names.token, "-", session); }

void add_pane(TmuxScript& script, std::vector<std::string> words, const PanePlan& pane, const ScriptNames& names) {
  if (pane.start == PaneStart::job) words.insert(words.end(), {"-e", cat("KRA_RESTORE=", pane.id)});
  words.insert(words.end(), {"-c", "\x01"});
  std::vector<std::string> argv;
  if (pane.start == PaneStart::helper) argv = {names.kra, "exec", pane.id};
  script.command_running(pane.cwd, words, argv);
}

TmuxScript build_script(const Plan& plan, const ScriptNames& names, Range range) {
  Builder builder(plan, names);
  if (range.from == 0) builder.script.command({"set-option", "-g", "@kra_restoring", names.lease});
  for (auto i = range.from; i < range.to; ++i) builder.session(i);
  return std::move(builder.script);
}

}  // namespace kra
