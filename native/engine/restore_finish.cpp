// The second script of a restore: what has been made is arranged by its ids and gets its names.
#include <set>

#include "base/text.hpp"
#include "engine/restore_script.hpp"
#include "model/tmux_options.hpp"

namespace kra {

namespace {

class Finisher {
 public:
  Finisher(const Plan& plan, const Made& made, const ScriptNames& names) : plan_(plan), made_(made), names_(names) {}

  void finish(Range range, const std::vector<LiveClient>& clients) {
    for (auto i = range.from; i < range.to; ++i) make_room(i);
    for (auto i = range.from; i < range.to; ++i) windows(i);
    for (auto i = range.from; i < range.to; ++i) group(i, range, clients);
    for (auto i = range.from; i < range.to; ++i) arrange(i);
    for (auto i = range.from; i < range.to; ++i) zoom(i);
    for (auto i = range.from; i < range.to; ++i) swap(i, clients);
    discard(range, clients);
    if (range.to < plan_.sessions.size()) return;
    if (plan_.active_was_seen) remember(plan_.active, active_option);
    remember(plan_.last, last_option);
    script.command({"set-option", "-gu", "@kra_restoring"});
    script.command({"display-message", "-p", "server #{pid} #{start_time}"});
  }

  TmuxScript script;

 private:
  const SessionPlan& plan_of(std::size_t at) const { return plan_.sessions[at]; }
  bool shares(std::size_t at) const { return plan_of(at).follows >= 0 || !plan_of(at).joins.empty(); }
  // Sessions of a group are made in this script and known by name only.
  std::string target(std::size_t at) const { return shares(at) ? cat("=", temporary_name(names_, at)) : made_[at].id; }
  bool is_there(std::size_t at) const {
    if (!plan_of(at).joins.empty()) return true;
    return plan_of(at).follows >= 0 ? is_there(static_cast<std::size_t>(plan_of(at).follows)) : !made_[at].id.empty();
  }

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
    if (session.lazy) {
      auto option = cat(session.lazy_id, " ", made_[at].placeholder, session.lazy_programs ? "" : lazy_without_programs);
      return void(script.command({"set-option", "-t", target(at), "@kra_lazy", option}));
    }
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

  // While sessions of the old group live, a new one of its name would share their windows.
  void end_old_group(std::size_t first, Range range, const std::vector<LiveClient>& clients) {
    for (auto i = range.from; i < range.to; ++i) {
      const auto& session = plan_of(i);
      const bool member = i == first || (session.follows >= 0 && static_cast<std::size_t>(session.follows) == first);
      if (!member || session.swaps.empty() || !ended_.insert(i).second) continue;
      move_clients(clients, session.swaps, first);
      script.command({"kill-session", "-t", session.swaps});
    }
  }

  void group(std::size_t at, Range range, const std::vector<LiveClient>& clients) {
    if (!shares(at) || !is_there(at)) return;
    const auto& session = plan_of(at);
    auto first = static_cast<std::size_t>(std::max(session.follows, 0));
    bool leads = session.joins.empty() && !shares(first);
    auto leader = session.joins.empty() ? target(first) : session.joins;
    if (leads) end_old_group(first, range, clients);
    // tmux calls a group as its first session is called when it gets company.
    if (leads) script.command_with(session.session.group, {"rename-session", "-t", leader, "\x01"});
    script.command_with(session.path, {"new-session", "-d", "-t", leader, "-s", temporary_name(names_, at), "-c", "\x01"});
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
    if (!old.empty() && !ended_.contains(at)) script.command({"kill-session", "-t", old});
  }

  void discard(Range range, const std::vector<LiveClient>& clients) {
    auto active = static_cast<std::size_t>(plan_.active);
    if (plan_.discards.empty() || plan_.active < 0 || active < range.from || active >= range.to || made_[active].id.empty()) return;
    for (const auto& client : clients)
      if (client.session == plan_.discards) script.command({"switch-client", "-E", "-c", client.name, "-t", made_[active].id});
    // Somebody who came in the meantime keeps it: a client whose session is killed is gone.
    script.command({"if-shell", "-F", "-t", plan_.discards, "#{?session_attached,0,1}", cat("kill-session -t '", plan_.discards, "'")});
  }

  const Plan& plan_;
  const Made& made_;
  const ScriptNames& names_;
  std::set<std::size_t> ended_;  // places in the plan whose old session is gone already
};

}  // namespace

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
  if (!is_named_when_made(window.name)) script.command_with(window.name, {"rename-window", "-t", made.id, "\x01"});
  // A rename by hand turns it off for this window.
  if (window.automatic_rename.empty()) script.command({"set-option", "-wu", "-t", made.id, "automatic-rename"});
  else script.command({"set-option", "-w", "-t", made.id, "automatic-rename", window.automatic_rename == "on" ? "on" : "off"});
}

TmuxScript finish_script(const Plan& plan, const Made& made, const ScriptNames& names, const std::vector<LiveClient>& clients, Range range) {
  Finisher finisher(plan, made, names);
  finisher.finish(range, clients);
  return std::move(finisher.script);
}

}  // namespace kra
