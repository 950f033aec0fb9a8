#include "engine/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "model/config.hpp"

namespace kra {

std::string nearest_directory(const std::string& path, const PlanFacts& facts) {
  auto at = path;
  while (at.size() > 1 && !facts.is_directory(at)) at = at.substr(0, at.rfind('/'));
  return at.empty() || at[0] != '/' ? "/" : at;
}

namespace {

std::string said(const std::string& text) { return shell_quoted(printable(text)); }

// Number of panes in front of a session: panes are numbered over the whole workspace.
int first_number(const Workspace& workspace, int session) {
  int number = 0;
  for (int i = 0; i < session; ++i)
    for (const auto& window : workspace.sessions[static_cast<std::size_t>(i)].windows) number += static_cast<int>(window.panes.size());
  return number;
}

void add_missing(const Repository& repository, RestorePlan& words) {
  auto& missing = words.missing;
  const auto same_root = [&](const Repository& one) { return one.root == repository.root; };
  if (std::any_of(missing.begin(), missing.end(), same_root)) return;
  const auto after = [&](const Repository& one) { return one.root > repository.root; };
  missing.insert(std::find_if(missing.begin(), missing.end(), after), repository);
  words.notes.push_back(cat("to clone it again: ", shell_quoted(std::vector<std::string>{"git", "clone", "--", printable(repository.remote), printable(repository.root)})));
}

std::string directory_of(const PlanContext& context, const Pane& pane, const std::string& where, RestorePlan& words) {
  auto cwd = pane.cwd.empty() ? std::string("/") : pane.cwd;
  if (context.facts.is_directory(cwd)) return cwd;
  auto near = nearest_directory(cwd, context.facts);
  words.notes.push_back(cat(where, ": ", said(cwd), " is gone; it starts in ", said(near)));
  if (pane.repository.empty() || pane.repository[0].remote.empty() || context.settings.restore.clone_missing == "never") return near;
  auto repository = pane.repository[0];
  if (repository.root.empty()) repository.root = cwd;
  if (!context.facts.is_directory(repository.root)) add_missing(repository, words);
  return near;
}

PanePlan plan_pane(const PlanContext& context, const Pane& pane, int number, const std::string& where, RestorePlan& words) {
  PanePlan plan;
  plan.cwd = directory_of(context, pane, where, words);
  auto& step = words.steps.emplace_back(cat("  pane ", where, " in ", said(plan.cwd)));
  auto contents = context.settings.restore.scrollback && !pane.scrollback.empty();
  bool foreign = is_foreign(context.generation, context.facts.host);
  if (!foreign && !pane.resume.empty()) plan.resume = packed_words(pane.resume);
  ProgramChoice choice;
  if (context.options.programs) choice = choose_program(pane, context.settings.restore.programs, foreign, context.facts.program_name);
  if (choice.argv.empty() && !contents) return plan;
  plan.id = context.base.with(number).text();
  plan.start = pane.shell_loaded ? PaneStart::job : PaneStart::helper;
  plan.editor = !pane.editor.empty() && !choice.argv.empty();
  if (choice.argv.empty()) return plan;
  step += cat(choice.asks ? ", asks: " : ", starts: ", printable(shell_quoted(choice.argv)), choice.asks ? cat(" (", choice.why, ")") : "");
  words.programs.push_back({where, choice.argv, choice.asks, choice.why});
  return plan;
}

// The names that --session and --rename leave.
Result<std::vector<int>> wanted_sessions(const Generation& generation, const RestoreOptions& options) {
  std::vector<int> wanted;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < generation.workspace.sessions.size(); ++i) {
    const auto& name = generation.workspace.sessions[i].name;
    names.push_back(printable(name));
    if (options.session.empty() || options.session == name) wanted.push_back(static_cast<int>(i));
  }
  if (!wanted.empty() || options.session.empty()) return wanted;
  return Error{Fault::not_found, cat("no session '", printable(options.session), "' in that save; it has ", join(names, ", "))};
}

const LiveSession* live_session(const LiveServer* live, const std::string& name) {
  if (!live) return nullptr;
  auto found = std::find_if(live->sessions.begin(), live->sessions.end(), [&](const auto& one) { return one.session.name == name; });
  return found == live->sessions.end() ? nullptr : &*found;
}

struct Planner {
  const PlanContext& context;
  const LiveServer* live;
  Plan plan;

  const Session& saved(int index) const { return context.generation.workspace.sessions[static_cast<std::size_t>(index)]; }
  // A taken name: whether it stays, or its place is taken.
  bool stays(const LiveSession* taken) const { return taken && !context.options.replace && !context.facts.is_fresh(*taken); }
  Result<void> add_all(const std::vector<int>& wanted);
  void add(int index, const std::string& name);
  void order();
  void arrange_groups();
  void join_live_group(const std::string& group, const std::vector<SessionPlan*>& members);
  void arrange_lazy();
  void arrange_windows();
  void discard_lone();
};

Result<void> Planner::add_all(const std::vector<int>& wanted) {
  const auto& rename = context.options.rename;
  std::vector<int> taken;
  for (int index : wanted)
    if (stays(live_session(live, saved(index).name))) taken.push_back(index);
  int renamed = wanted.size() == 1 ? wanted[0] : taken.size() == 1 ? taken[0] : -1;
  if (!rename.empty() && renamed < 0)
    return Error{Fault::usage, cat("--rename needs --session: ", taken.empty() ? "no name" : "more than one name", " is taken")};
  for (int index : wanted) add(index, !rename.empty() && index == renamed ? rename : saved(index).name);
  return {};
}

void Planner::add(int index, const std::string& name) {
  const auto* taken = live_session(live, name);
  if (stays(taken)) {
    plan.words.taken.push_back(name);
    plan.words.steps.push_back(cat("leave session ", said(name), " as it is: the name is taken"));
    return;
  }
  SessionPlan session;
  session.index = index, session.session = saved(index), session.name = name;
  session.path = nearest_directory(session.session.path, context.facts);
  session.lazy_id = context.base.with(index).text();
  session.lazy_programs = context.options.programs;
  plan.words.restored.push_back(name);
  if (taken) {
    session.swaps = taken->id;
    (context.facts.is_fresh(*taken) ? plan.words.fresh : plan.words.replaced).push_back(name);
  }
  plan.sessions.push_back(std::move(session));
}

// Active last, before it the last one: an attach without a target takes the newest. A lazy restore has the active one first.
void Planner::order() {
  const auto& workspace = context.generation.workspace;
  auto rank = [&](const SessionPlan& one) {
    if (one.session.name == workspace.active_session) return context.options.lazy ? 0 : 3;
    return one.session.name == workspace.last_session ? 2 : 1;
  };
  std::stable_sort(plan.sessions.begin(), plan.sessions.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  for (std::size_t i = 0; i < plan.sessions.size(); ++i) {
    if (plan.sessions[i].session.name == workspace.active_session) plan.active = static_cast<int>(i);
    if (plan.sessions[i].session.name == workspace.last_session) plan.last = static_cast<int>(i);
  }
  plan.active_was_seen = plan.active >= 0;
  if (plan.active < 0 && !plan.sessions.empty()) plan.active = 0;
}

// A group's name that no live session has.
std::string free_group(const LiveServer& live, const std::string& wanted) {
  auto taken = [&](const std::string& name) {
    return std::any_of(live.sessions.begin(), live.sessions.end(), [&](const auto& one) { return one.session.group == name; });
  };
  auto name = wanted;
  for (int number = 2; taken(name); ++number) name = cat(wanted, "-", number);
  return name;
}

// The first of a group has the windows; the others share them.
void Planner::arrange_groups() {
  std::map<std::string, std::vector<SessionPlan*>> groups;
  for (auto& session : plan.sessions)
    if (!session.session.group.empty()) groups[session.session.group].push_back(&session);
  for (auto& [group, members] : groups) {
    auto first = static_cast<int>(members[0] - plan.sessions.data());
    for (std::size_t i = 1; i < members.size(); ++i) members[i]->follows = first;
    if (live && context.options.session.empty()) join_live_group(group, members);
  }
}

// Members of a live group that stay have its windows, so what is new shares these; unless some of it takes the place of a member: the saved
// windows are wanted then, and whoever stays keeps those that are there.
void Planner::join_live_group(const std::string& group, const std::vector<SessionPlan*>& members) {
  std::set<std::string> swapped;
  for (const auto* session : members) swapped.insert(session->swaps);
  for (const auto& other : live->sessions) {
    if (other.session.group != group || swapped.contains(other.id)) continue;
    if (swapped.size() == 1 && swapped.contains("")) {
      members[0]->joins = other.id;
      continue;
    }
    auto name = free_group(*live, group);
    for (auto* session : members) session->session.group = name;
    return;
  }
}

// Everything but the active session waits until it is visited. Sessions that share windows are made at once: they cannot be apart.
void Planner::arrange_lazy() {
  if (!context.options.lazy) return;
  for (std::size_t i = 0; i < plan.sessions.size(); ++i) {
    auto& session = plan.sessions[i];
    bool shares = !session.session.group.empty();
    for (const auto& window : session.session.windows) shares = shares || window.link > 0;
    if (static_cast<int>(i) == plan.active || shares) continue;
    session.lazy = true;
    plan.words.lazy.push_back(session.name);
  }
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Of windows with the same link number the first is made, the others are links to it.
void Planner::arrange_windows() {
  std::set<int> linked;
  for (auto& session : plan.sessions) {
    std::string how = holds(plan.words.fresh, session.name) ? "take over the fresh session " : "make session ";
    if (holds(plan.words.replaced, session.name)) how = "save and replace session ";
    plan.words.steps.push_back(cat(how, said(session.name), session.lazy ? ", to be filled when it is visited" : ""));
    plan_windows(context, session, linked, plan.words);
  }
}

// What a bare `tmux` left, when its name (a number) was not saved: its client goes on in the restored workspace.
void Planner::discard_lone() {
  if (!live || live->sessions.size() != 1 || !context.options.session.empty() || plan.sessions.empty()) return;
  const auto& lone = live->sessions[0];
  bool named_by_tmux = parse_int(lone.session.name).has_value();
  bool swapped = std::any_of(plan.sessions.begin(), plan.sessions.end(), [&](const auto& one) { return one.swaps == lone.id; });
  if (!named_by_tmux || swapped || !plan.words.taken.empty() || !context.facts.is_fresh(lone)) return;
  plan.discards = lone.id;
  plan.words.fresh.push_back(lone.session.name);
  plan.words.steps.push_back(cat("close the fresh session ", said(lone.session.name), "; its clients go on in the active one"));
}

}  // namespace

void plan_windows(const PlanContext& context, SessionPlan& session, std::set<int>& linked, RestorePlan& words) {
  int number = first_number(context.generation.workspace, session.index);
  bool shares = session.follows >= 0 || !session.joins.empty();
  for (const auto& window : session.session.windows) {
    WindowPlan plan{window, false, {}};
    plan.linked = shares || (window.link > 0 && !linked.insert(window.link).second);
    auto where = cat(printable(session.name), ":", window.index);
    words.steps.push_back(cat(" window ", where, " ", said(window.name), plan.linked ? ", shared" : ""));
    for (const auto& pane : window.panes) {
      auto pane_number = number++;
      if (!plan.linked) plan.panes.push_back(plan_pane(context, pane, pane_number, cat(where, ".", pane.index), words));
    }
    session.windows.push_back(std::move(plan));
  }
}

Result<Plan> make_plan(const Generation& generation, const StoredId& base, const LiveServer* live, const RestoreOptions& options,
                       const Settings& settings, const PlanFacts& facts) {
  PlanContext context{generation, base, options, settings, facts};
  auto wanted = TRY(wanted_sessions(generation, options));
  Planner planner{context, live, {}};
  TRY(planner.add_all(wanted));
  planner.order();
  planner.arrange_groups();
  planner.arrange_lazy();
  planner.arrange_windows();
  planner.discard_lone();
  return std::move(planner.plan);
}

}  // namespace kra
