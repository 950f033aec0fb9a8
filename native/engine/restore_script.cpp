#include "engine/restore_script.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "model/tmux_options.hpp"

namespace kra {

namespace {

// Far above what people use: a window rests here while its own index is made free.
constexpr int aside = 1'000'000;
// Runs for as long as its terminal does and costs nothing.
const std::vector<std::string> placeholder_program{"cat", "-"};

std::string session_name(const ScriptNames& names, std::size_t session) { return cat("kra-", names.token, "-", session); }

// What -t takes while the script that makes the session still runs.
std::string target_of(const SessionPlan& session, const ScriptNames& names, std::size_t at) {
  return session.fills.empty() ? cat("=", session_name(names, at)) : session.fills;
}

std::string ids_of(std::size_t session, std::size_t window, std::size_t pane) {
  return cat("kra ", session, " ", window, " ", pane, " #{session_id} #{window_id} #{pane_id}");
}
constexpr std::size_t no_window = 9'999'999;

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
    std::vector<std::string> words{"new-session", "-d", "-P", "-F", ids_of(at, first, 0), "-s", session_name(names_, at)};
    if (session.session.width > 0 && session.session.height > 0)
      words.insert(words.end(), {"-x", cat(session.session.width), "-y", cat(session.session.height)});
    auto target = cat("=", session_name(names_, at));
    if (first == no_window) {
      words.insert(words.end(), {"-c", "\x01"});
      script.command_running(session.path, words, placeholder_program);
      step_aside(target);
      return first;
    }
    const auto& window = session.windows[first];
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
        if (!made) add_pane(script, {"new-window", "-d", "-P", "-F", tag, "-t", target}, window.panes[0], names_);
        continue;
      }
      if ((height + 1) / 2 - 1 < 4) script.command({"select-layout", "-t", target, "tiled"}), height = height_when_tiled(height_of(session), i);
      // The first pane stays the active one, and the one before it is the last.
      add_pane(script, {"split-window", "-d", "-P", "-F", tag, "-t", cat(target, ".-")}, window.panes[i], names_);
      height = (height + 1) / 2 - 1;
    }
  }

  static int height_of(const SessionPlan& session) { return session.session.height > 0 ? session.session.height : 24; }

  const Plan& plan_;
  const ScriptNames& names_;
};

class Finisher {
 public:
  Finisher(const Plan& plan, const Made& made, const ScriptNames& names) : plan_(plan), made_(made), names_(names) {}

  void finish(Range range, const std::vector<LiveClient>& clients) {
    for (auto i = range.from; i < range.to; ++i) make_room(i);
    for (auto i = range.from; i < range.to; ++i) windows(i);
    for (auto i = range.from; i < range.to; ++i) group(i, range);
    for (auto i = range.from; i < range.to; ++i) arrange(i);
    for (auto i = range.from; i < range.to; ++i) zoom(i);
    for (auto i = range.from; i < range.to; ++i) swap(i, clients);
    discard(range, clients);
    if (range.to < plan_.sessions.size()) return;
    if (plan_.active_was_seen) remember(plan_.active, active_option);
    remember(plan_.last, last_option);
    script.command({"set-option", "-gu", "@kra_restoring"});
  }

  TmuxScript script;

 private:
  const SessionPlan& plan_of(std::size_t at) const { return plan_.sessions[at]; }
  bool shares(std::size_t at) const { return plan_of(at).follows >= 0 || !plan_of(at).joins.empty(); }
  // Sessions of a group are made in this script and known by name only.
  std::string target(std::size_t at) const { return shares(at) ? cat("=", session_name(names_, at)) : made_[at].id; }
  bool is_there(std::size_t at) const { return shares(at) || !made_[at].id.empty(); }

  // tmux itself remembers only what a client has visited.
  void remember(int session, std::string_view option) {
    if (session < 0 || !plan_of(static_cast<std::size_t>(session)).fills.empty()) return;
    script.command_with(plan_of(static_cast<std::size_t>(session)).name, {"set-option", "-gF", std::string(option), "\x01"});
  }

  void make_room(std::size_t at) {
    if (!plan_of(at).swaps.empty() && is_there(at)) script.command({"rename-session", "-t", plan_of(at).swaps, cat("kra-", names_.token, "-old-", at)});
  }

  void windows(std::size_t at) {
    if (!is_there(at) || shares(at)) return;
    const auto& session = plan_of(at);
    if (session.lazy) return void(script.command({"set-option", "-t", target(at), "@kra_lazy", cat(session.lazy_id, " ", made_[at].placeholder)}));
    for (std::size_t i = 0; i < session.windows.size(); ++i) {
      const auto& window = session.windows[i];
      if (!window.linked) finish_window(at, i);
      else if (auto source = link_source(window.window.link); !source.empty())
        script.command({"link-window", "-d", "-s", source, "-t", cat(target(at), ":", window.window.index)});
    }
    if (!session.fills.empty()) script.command({"set-option", "-u", "-t", session.fills, "@kra_lazy"});
  }

  void finish_window(std::size_t at, std::size_t index) {
    const auto& window = plan_of(at).windows[index];
    const auto& made = made_[at].windows[index];
    if (made.id.empty()) return;
    add_window_finish(script, window.window, made, names_);
    for (std::size_t i = 0; i < window.panes.size() && i < made.panes.size(); ++i)
      if (!window.panes[i].resume.empty() && !made.panes[i].empty())
        script.command({"set-option", "-p", "-t", made.panes[i], std::string(resume_option), window.panes[i].resume});
    if (made.panes.size() > 1)
      script.command({"display-message", "-p", "-t", made.id, cat("layout ", at, " ", index, " #{window_layout}")});
  }

  std::string link_source(int link) const {
    for (std::size_t s = 0; s < plan_.sessions.size(); ++s)
      for (std::size_t w = 0; w < plan_.sessions[s].windows.size(); ++w) {
        const auto& window = plan_.sessions[s].windows[w];
        if (!window.linked && window.window.link == link) return made_[s].windows.size() > w ? made_[s].windows[w].id : "";
      }
    return "";
  }

  // Without this a user's renumber-windows would close the gaps between the others.
  void remove_placeholder(std::size_t at) {
    const auto& placeholder = made_[at].placeholder.empty() ? plan_of(at).placeholder : made_[at].placeholder;
    if (placeholder.empty()) return;
    script.command({"set-option", "-t", target(at), "renumber-windows", "off"});
    script.command({"kill-window", "-t", placeholder});
    script.command({"set-option", "-u", "-t", target(at), "renumber-windows"});
  }

  void group(std::size_t at, Range range) {
    if (!shares(at)) return;
    const auto& session = plan_of(at);
    auto first = static_cast<std::size_t>(std::max(session.follows, 0));
    bool leads = session.joins.empty() && !shares(first);
    auto leader = session.joins.empty() ? target(first) : session.joins;
    // tmux calls a group as its first session is called when it gets company.
    if (leads) script.command_with(session.session.group, {"rename-session", "-t", leader, "\x01"});
    script.command_with(session.path, {"new-session", "-d", "-t", leader, "-s", session_name(names_, at), "-c", "\x01"});
    if (leads && first < range.from) script.command_with(plan_of(first).name, {"rename-session", "-t", leader, "\x01"});
  }

  void arrange(std::size_t at) {
    if (!is_there(at)) return;
    const auto& session = plan_of(at);
    if (session.lazy) return;
    select(at, [](const Window& window) { return window.last; });
    select(at, [](const Window& window) { return window.active; });
    remove_placeholder(at);
  }

  template <class Which>
  void select(std::size_t at, Which which) {
    for (const auto& window : plan_of(at).windows)
      if (which(window.window)) script.command({"select-window", "-t", cat(target(at), ":", window.window.index)});
  }

  void zoom(std::size_t at) {
    const auto& session = plan_of(at);
    for (std::size_t i = 0; i < session.windows.size(); ++i) {
      const auto& window = session.windows[i];
      if (!window.window.zoomed || window.linked || session.lazy || made_[at].windows.size() <= i) continue;
      const auto& made = made_[at].windows[i];
      for (std::size_t p = 0; p < window.window.panes.size() && p < made.panes.size(); ++p)
        if (window.window.panes[p].active && !made.panes[p].empty()) script.command({"resize-pane", "-Z", "-t", made.panes[p]});
    }
  }

  void move_clients(const std::vector<LiveClient>& clients, const std::string& from, std::size_t to) {
    for (const auto& client : clients)
      if (client.session == from) script.command({"switch-client", "-E", "-c", client.name, "-t", target(to)});
  }

  void swap(std::size_t at, const std::vector<LiveClient>& clients) {
    if (!is_there(at) || !plan_of(at).fills.empty()) return;
    const auto& old = plan_of(at).swaps;
    if (!old.empty()) move_clients(clients, old, at);
    script.command_with(plan_of(at).name, {"rename-session", "-t", target(at), "\x01"});
    if (!old.empty()) script.command({"kill-session", "-t", old});
  }

  void discard(Range range, const std::vector<LiveClient>& clients) {
    auto active = static_cast<std::size_t>(plan_.active);
    if (plan_.discards.empty() || plan_.active < 0 || active < range.from || active >= range.to || made_[active].id.empty()) return;
    for (const auto& client : clients)
      if (client.session == plan_.discards) script.command({"switch-client", "-E", "-c", client.name, "-t", made_[active].id});
    script.command({"kill-session", "-t", plan_.discards});
  }

  const Plan& plan_;
  const Made& made_;
  const ScriptNames& names_;
};

std::string where(const Plan& plan, std::size_t session, std::size_t window) {
  const auto& one = plan.sessions[session];
  return cat(printable(one.name), ":", one.windows[window].window.index);
}

// The sentence with which tmux refuses the attach-session that only sets a directory.
bool is_expected(std::string_view error) { return error.empty() || error.find("open terminal failed") != std::string_view::npos; }

}  // namespace

void add_pane(TmuxScript& script, std::vector<std::string> words, const PanePlan& pane, const ScriptNames& names) {
  if (pane.start == PaneStart::job) words.insert(words.end(), {"-e", cat("KRA_RESTORE=", pane.id)});
  words.insert(words.end(), {"-c", "\x01"});
  std::vector<std::string> argv;
  if (pane.start == PaneStart::helper) argv = {names.kra, "exec", pane.id};
  script.command_running(pane.cwd, words, argv);
}

void add_window_finish(TmuxScript& script, const Window& window, const MadeWindow& made, const ScriptNames& names) {
  for (const auto& option : window.options)
    if (is_harmless(option)) script.command_with(option.value, {"set-option", "-wF", "-t", made.id, option.name, "\x01"});
  if (made.panes.size() > 1 && is_layout(window.layout)) script.command({"select-layout", "-t", made.id, window.layout});
  std::string active;
  for (std::size_t i = 0; i < window.panes.size() && i < made.panes.size(); ++i) {
    const auto& pane = window.panes[i];
    if (made.panes[i].empty()) continue;
    if (pane.title != names.host) script.command_with(pane.title, {"select-pane", "-t", made.panes[i], "-T", "\x01"});
    if (pane.active) active = made.panes[i];
  }
  for (std::size_t i = 0; i < window.panes.size() && i < made.panes.size(); ++i)
    if (window.panes[i].index == window.last_pane && !made.panes[i].empty() && made.panes.size() > 1)
      script.command({"select-pane", "-t", made.panes[i]});
  if (!active.empty() && made.panes.size() > 1) script.command({"select-pane", "-t", active});
  script.command_with(window.name, {"rename-window", "-t", made.id, "\x01"});
  // A rename by hand turns it off for this window.
  if (window.automatic_rename.empty()) script.command({"set-option", "-wu", "-t", made.id, "automatic-rename"});
  else script.command({"set-option", "-w", "-t", made.id, "automatic-rename", window.automatic_rename == "on" ? "on" : "off"});
}

TmuxScript build_script(const Plan& plan, const ScriptNames& names, Range range) {
  Builder builder(plan, names);
  if (range.from == 0) builder.script.command({"set-option", "-g", "@kra_restoring", names.lease});
  for (auto i = range.from; i < range.to; ++i) builder.session(i);
  return std::move(builder.script);
}

void read_made(const std::string& output, Made& made) {
  for (auto line : split(output, "\n")) {
    auto words = split(line, " ");
    if (words.size() != 7 || words[0] != "kra") continue;
    auto session = parse_int(words[1]), window = parse_int(words[2]), pane = parse_int(words[3]);
    if (!session || !window || !pane || *session < 0 || static_cast<std::size_t>(*session) >= made.size()) continue;
    auto& one = made[static_cast<std::size_t>(*session)];
    one.id = words[4];
    if (*window == static_cast<std::int64_t>(no_window)) {
      one.placeholder = words[5];
      continue;
    }
    if (*window < 0 || *window > 100'000 || *pane < 0 || *pane > 100'000) continue;
    if (one.windows.size() <= static_cast<std::size_t>(*window)) one.windows.resize(static_cast<std::size_t>(*window) + 1);
    auto& in = one.windows[static_cast<std::size_t>(*window)];
    in.id = words[5];
    if (in.panes.size() <= static_cast<std::size_t>(*pane)) in.panes.resize(static_cast<std::size_t>(*pane) + 1);
    in.panes[static_cast<std::size_t>(*pane)] = words[6];
  }
}

TmuxScript finish_script(const Plan& plan, const Made& made, const ScriptNames& names, const std::vector<LiveClient>& clients, Range range) {
  Finisher finisher(plan, made, names);
  finisher.finish(range, clients);
  return std::move(finisher.script);
}

static std::size_t count_missing(const WindowPlan& window, const MadeSession& made, std::size_t at) {
  if (window.linked) return 0;
  if (at >= made.windows.size()) return window.panes.size();
  const auto& panes = made.windows[at].panes;
  auto there = std::count_if(panes.begin(), panes.end(), [](const auto& id) { return !id.empty(); });
  return window.panes.size() - static_cast<std::size_t>(there);
}

std::vector<std::string> find_missing(const Plan& plan, const Made& made) {
  std::vector<std::string> missing;
  for (std::size_t s = 0; s < plan.sessions.size(); ++s) {
    const auto& session = plan.sessions[s];
    if (session.follows >= 0 || !session.joins.empty() || session.lazy) continue;
    if (made[s].id.empty() && session.fills.empty()) {
      missing.push_back(cat("session ", printable(session.name), " could not be made"));
      continue;
    }
    for (std::size_t w = 0; w < session.windows.size(); ++w)
      if (auto panes = count_missing(session.windows[w], made[s], w))
        missing.push_back(cat("window ", where(plan, s, w), ": ", panes, " of ", session.windows[w].panes.size(), " panes could not be made"));
  }
  return missing;
}

std::vector<std::string> find_refused(const Plan& plan, const ScriptOutcome& finished) {
  std::vector<std::string> refused;
  for (auto line : split(finished.output, "\n")) {
    auto words = split(line, " ");
    if (words.size() != 4 || words[0] != "layout") continue;
    auto session = parse_int(words[1]), window = parse_int(words[2]);
    if (!session || !window || *session < 0 || *window < 0) continue;
    auto s = static_cast<std::size_t>(*session), w = static_cast<std::size_t>(*window);
    if (s >= plan.sessions.size() || w >= plan.sessions[s].windows.size()) continue;
    const auto& wanted = plan.sessions[s].windows[w].window.layout;
    if (layout_shape(std::string(words[3])) != layout_shape(wanted)) refused.push_back(cat("window ", where(plan, s, w), ": its layout could not be applied"));
  }
  for (auto line : split(finished.errors, "\n"))
    if (!is_expected(line)) refused.push_back(cat("tmux: ", printable(line)));
  return refused;
}

Counts count_made(const Plan& plan, const Made& made) {
  Counts counts;
  for (std::size_t s = 0; s < plan.sessions.size(); ++s) {
    const auto& session = plan.sessions[s];
    bool shares = session.follows >= 0 || !session.joins.empty();
    if (!shares && made[s].id.empty()) continue;
    ++counts.sessions;
    for (std::size_t w = 0; w < session.windows.size() && w < made[s].windows.size() && !session.lazy; ++w) {
      const auto& window = made[s].windows[w];
      if (window.id.empty()) continue;
      ++counts.windows;
      for (std::size_t p = 0; p < window.panes.size(); ++p) {
        if (window.panes[p].empty()) continue;
        ++counts.panes;
        if (p < session.windows[w].panes.size() && session.windows[w].panes[p].editor) ++counts.editors;
      }
    }
  }
  return counts;
}

std::string layout_shape(const std::string& layout) {
  std::string shape;
  for (char c : layout)
    if (std::string_view("x{}[]<>").find(c) != std::string_view::npos) shape.push_back(c);
  return shape;
}

bool is_layout(const std::string& layout) {
  auto known = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || std::string_view("x,{}[]<>:.").find(c) != std::string_view::npos; };
  return layout.size() > 5 && std::all_of(layout.begin(), layout.end(), known);
}

}  // namespace kra
