#include "engine/lazy.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "engine/carry_out.hpp"
#include "engine/plan.hpp"
#include "model/config.hpp"

namespace kra {

static const char* const visit_hooks[] = {"client-session-changed[188]", "client-attached[188]"};

Result<LazySession> parse_lazy(std::string_view option) {
  auto words = split(option, " ");
  LazySession lazy;
  lazy.id = TRY(parse_stored_id(words[0]));
  if (words.size() > 1 && words[1].substr(0, 1) == "@" && parse_int(words[1].substr(1))) lazy.placeholder = words[1];
  lazy.programs = !option.ends_with(lazy_without_programs);
  return lazy;
}

TmuxScript watch_visits(const std::string& kra) {
  TmuxScript script;
  script.command_with(kra, {"set-option", "-gF", "@kra_program", "\x01"});
  // Only an id and our own path reach the shell, the path quoted by tmux.
  constexpr const char* visit =
      R"(if-shell -F '#{@kra_lazy}' "run-shell -b \"exec #{q:@kra_program} restore --wake '#{session_id}'\"")";
  for (const auto* hook : visit_hooks) script.command({"set-hook", "-g", hook, visit});
  return script;
}

TmuxScript forget_visits() {
  TmuxScript script;
  for (const auto* hook : visit_hooks) script.command({"set-hook", "-gu", hook});
  return script;
}

static const LiveSession* session_of_id(const LiveServer& live, const std::string& id) {
  auto found = std::find_if(live.sessions.begin(), live.sessions.end(), [&](const auto& one) { return one.id == id; });
  return found == live.sessions.end() ? nullptr : &*found;
}

// The windows of a saved session beside those that were opened in its place: these came first, so a saved one gives way.
static std::vector<Window> beside(std::vector<Window> saved, const std::set<int>& taken) {
  int highest = taken.empty() ? -1 : *taken.rbegin();
  for (const auto& window : saved) highest = std::max(highest, window.index);
  for (auto& window : saved)
    if (taken.contains(window.index)) window.index = ++highest;
  return saved;
}

static std::set<int> opened_in(const LiveSession& session, const std::string& placeholder) {
  std::set<int> indexes;
  for (const auto& window : session.windows)
    if (window.id != placeholder) indexes.insert(window.window.index);
  return indexes;
}

static Result<Plan> plan_filling(const LiveSession& session, const Generation& generation, const LazySession& lazy, const PlanContext& context) {
  const auto& sessions = generation.workspace.sessions;
  if (lazy.id.number < 0 || static_cast<std::size_t>(lazy.id.number) >= sessions.size())
    return Error{Fault::not_found, cat(lazy.id.text(), ": no such session")};
  Plan plan;
  SessionPlan filled;
  filled.index = lazy.id.number, filled.session = sessions[static_cast<std::size_t>(lazy.id.number)];
  filled.name = session.session.name, filled.path = nearest_directory(filled.session.path, context.facts);
  filled.fills = session.id, filled.placeholder = lazy.placeholder;
  filled.session.windows = beside(std::move(filled.session.windows), opened_in(session, lazy.placeholder));
  std::set<int> linked;
  plan_windows(context, filled, linked, plan.words);
  plan.sessions.push_back(std::move(filled));
  plan.active = 0;
  return plan;
}

Result<std::vector<std::string>> wake(Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& session_id,
                                      const Settings& settings, const Patience& patience) {
  std::vector<std::string> failed;
  auto lock = TRY(lock_server(paths, server, patience));
  auto live = TRY(look(server, patience));
  const auto* session = live ? session_of_id(*live, session_id) : nullptr;
  if (!session || session->lazy.empty()) return failed;
  auto lazy = TRY(parse_lazy(session->lazy));
  auto generation = TRY(load_stored(disk, paths, lazy.id));
  auto facts = facts_of(disk, {});
  auto base = lazy.id.with(-1);
  RestoreOptions options;
  options.programs = lazy.programs;
  auto plan = TRY(plan_filling(*session, generation, lazy, {generation, base, options, settings, facts}));
  failed = TRY(carry_out(plan, server, false, {}, patience)).failed;
  bool more = std::any_of(live->sessions.begin(), live->sessions.end(), [&](const auto& one) { return !one.lazy.empty() && one.id != session_id; });
  if (!more) TRY(run_script(server, forget_visits(), false, patience));
  return failed;
}

void tell_visitors(const TmuxServer& server, const std::string& session_id, const std::string& line, const Patience& patience) {
  auto live = look(server, patience);
  if (!live || !*live) return;
  TmuxScript script;
  script.command_with(cat("kra: ", printable(line)), {"set-option", "-gF", "@kra_said", "\x01"});
  for (const auto& client : (*live)->clients)
    if (session_id.empty() || client.session == session_id) script.command({"display-message", "-c", client.name, "#{@kra_said}"});
  script.command({"set-option", "-gu", "@kra_said"});
  (void)run_script(server, script, false, patience).ok();
}

static void keep_editors(Workspace& workspace, const Workspace& saved, const Session& session) {
  auto has = [&](const std::string& id) { return std::any_of(workspace.editors.begin(), workspace.editors.end(), [&](const auto& one) { return one.id == id; }); };
  for (const auto& window : session.windows)
    for (const auto& pane : window.panes)
      for (const auto& editor : saved.editors)
        if (!pane.editor.empty() && editor.id == pane.editor && !has(editor.id)) workspace.editors.push_back(editor);
}

// Editors lie in the order of their panes.
static void order_editors(Workspace& workspace) {
  std::vector<std::string> order;
  for (const auto& session : workspace.sessions)
    for (const auto& window : session.windows)
      for (const auto& pane : window.panes) order.push_back(pane.editor);
  auto rank = [&](const Editor& editor) { return std::find(order.begin(), order.end(), editor.id) - order.begin(); };
  std::stable_sort(workspace.editors.begin(), workspace.editors.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

void fill_lazy(Workspace& workspace, const LiveServer& live, Disk& disk, const Paths& paths) {
  bool filled = false;
  for (auto& session : workspace.sessions) {
    auto same_name = [&](const LiveSession& one) { return one.session.name == session.name; };
    auto found = std::find_if(live.sessions.begin(), live.sessions.end(), same_name);
    if (found == live.sessions.end() || found->lazy.empty()) continue;
    auto lazy = parse_lazy(found->lazy);
    if (!lazy) continue;
    auto generation = load_stored(disk, paths, lazy->id);
    if (!generation || lazy->id.number < 0 || static_cast<std::size_t>(lazy->id.number) >= generation->workspace.sessions.size()) continue;
    const auto& saved = generation->workspace.sessions[static_cast<std::size_t>(lazy->id.number)];
    auto windows = beside(saved.windows, opened_in(*found, lazy->placeholder));
    for (std::size_t i = 0; i < found->windows.size() && i < session.windows.size(); ++i) {
      if (found->windows[i].id == lazy->placeholder) continue;
      windows.push_back(std::move(session.windows[i]));
      windows.back().active = windows.back().last = false;
    }
    std::stable_sort(windows.begin(), windows.end(), [](const Window& one, const Window& other) { return one.index < other.index; });
    session.windows = std::move(windows);
    session.path = saved.path, session.width = saved.width, session.height = saved.height;
    keep_editors(workspace, generation->workspace, saved);
    filled = true;
  }
  if (filled) order_editors(workspace);
}

}  // namespace kra
