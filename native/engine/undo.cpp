#include "engine/undo.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/version.hpp"
#include "engine/carry_out.hpp"
#include "engine/fresh.hpp"
#include "model/config.hpp"
#include "os/process.hpp"

namespace kra {

const char* text_of(ClosedKind kind) { return kind == ClosedKind::pane ? "pane" : kind == ClosedKind::window ? "window" : "session"; }

namespace {

History history_of(Disk& disk, const Paths& paths, const TmuxServer& server) { return {disk, paths.undo(server.key()), paths.corrupt()}; }

std::string expected_file(const Paths& paths, const TmuxServer& server) { return paths.undo(server.key()) + "/.expected"; }

// The message of an item's stamp: "pane 0,2 work:1", "window - work:1", "session - work".
std::string message_of(const Closed& closed) {
  std::vector<std::string> panes;
  for (int pane : closed.panes) panes.push_back(cat(pane));
  auto where = closed.session.name;
  if (closed.kind != ClosedKind::session) where += cat(":", closed.session.windows[0].index);
  return cat(text_of(closed.kind), " ", panes.empty() ? "-" : join(panes, ","), " ", where);
}

constexpr std::string_view item_prefix = "item-";
constexpr const char* replaced_reason = "replaced";
constexpr const char* fresh_reason = "fresh";

std::uint64_t id_of(const std::string& name) {
  if (!name.starts_with(item_prefix)) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(parse_int(name.substr(item_prefix.size())).value_or(0), 0));
}

std::optional<UndoItem> item_of(const std::string& name, const LogEntry& entry) {
  auto words = split(entry.stamp.message, " ");
  if (words.size() < 3) return {};
  UndoItem item;
  item.name = name, item.generation = entry.stamp.generation, item.closed_at = entry.stamp.saved_at;
  item.id = id_of(name);
  item.fresh = entry.stamp.reason == fresh_reason;
  item.replaced = item.fresh || entry.stamp.reason == replaced_reason;
  item.kind = words[0] == "pane" ? ClosedKind::pane : words[0] == "window" ? ClosedKind::window : ClosedKind::session;
  for (auto pane : split(words[1], ","))
    if (auto place = parse_int(pane)) item.panes.push_back(static_cast<int>(*place));
  item.where = entry.stamp.message.substr(words[0].size() + words[1].size() + 2);
  return item;
}

std::string next_name(const std::vector<std::string>& names) {
  std::uint64_t last = 0;
  for (const auto& name : names) last = std::max(last, id_of(name));
  return cat(item_prefix, generation_name(last + 1));
}

// `names` are those of the items before the one just added. Panes of an item that was brought back may still wait to read their programs
// from it, so it neither goes nor counts.
Result<void> forget_oldest(History& history, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) {
    const auto latest = history.latest(name);
    return latest && latest->restored_from;
  });
  for (std::size_t i = 0; names.size() - i >= undo_kept; ++i) TRY(history.remove(names[i]));
  return {};
}

Result<void> add_item(History& history, const TmuxServer& server, const Workspace& from, const Closed& closed, const std::string& reason,
                      const Patience& patience) {
  Workspace workspace;
  workspace.host = from.host, workspace.tmux_version = from.tmux_version, workspace.active_session = closed.session.name;
  workspace.sessions = {closed.session};
  for (const auto& window : closed.session.windows)
    for (const auto& pane : window.panes)
      for (const auto& editor : from.editors)
        if (!pane.editor.empty() && editor.id == pane.editor) workspace.editors.push_back(editor);
  auto names = TRY(history.names());
  Stamp stamp{.saved_at = wall_now().ms, .reason = reason, .message = message_of(closed), .server = server.socket, .release = std::string(version())};
  TRY(history.write(next_name(names), workspace, stamp, patience));
  return forget_oldest(history, std::move(names));
}

// Whether the last call was for the same save of the same run of the server: what a dead server had was not closed by anybody. From now on
// this run is the last.
Result<bool> is_same_run(Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name, const LiveServer& live) {
  auto file = paths.undo(server.key()) + "/.run";
  auto run = cat(live.pid, " ", live.start_time, " ", name);
  auto last = disk.read(file, 1U << 12);
  if (last && *last == run) return true;
  TRY(disk.make_directory(paths.undo(server.key())));
  TRY(disk.replace(file, run));
  return false;
}

// The sessions that a restore swapped out, once.
std::vector<std::string> take_expected(Disk& disk, const Paths& paths, const TmuxServer& server) {
  auto file = expected_file(paths, server);
  auto text = disk.read(file, 1U << 20);
  if (!text) return {};
  (void)disk.remove(file).ok();
  std::vector<std::string> names;
  for (auto name : split(*text, std::string_view("\0", 1))) names.emplace_back(name);
  return names;
}

}  // namespace

Result<void> note_run(Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name, const LiveServer& live) {
  TRY(is_same_run(disk, paths, server, name, live));
  // The newest generation is what runs, so nothing that was swapped out can be missing from the next one.
  take_expected(disk, paths, server);
  return {};
}

Result<int> record_closed(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const std::string& name,
                          std::uint64_t written, const Workspace& after, const LiveServer& live, const Patience& patience) {
  bool same_run = TRY(is_same_run(disk, paths, server, name, live));
  auto expected = take_expected(disk, paths, server);
  if (!same_run || written < 2) return 0;
  auto before = history.load(name, written - 1);
  // Thinned out or damaged: then nothing can be told.
  if (!before) return 0;
  auto items = history_of(disk, paths, server);
  int added = 0;
  for (const auto& closed : closed_between(before->workspace, after)) {
    if (std::find(expected.begin(), expected.end(), closed.session.name) != expected.end()) continue;
    TRY(add_item(items, server, before->workspace, closed, "closed", patience));
    ++added;
  }
  return added;
}

Result<void> record_swapped(Disk& disk, const Paths& paths, const TmuxServer& server, const Workspace& workspace, const std::string& name, Swapped how,
                            const Patience& patience) {
  auto history = history_of(disk, paths, server);
  const auto found = std::find_if(workspace.sessions.begin(), workspace.sessions.end(), [&](const Session& one) { return one.name == name; });
  if (found == workspace.sessions.end()) return Error{Fault::refused, cat("session ", printable(name), " is not in the save that was to keep it")};
  return add_item(history, server, workspace, {ClosedKind::session, *found, {}}, how == Swapped::fresh ? fresh_reason : replaced_reason, patience);
}

Result<void> expect_closed(Disk& disk, const Paths& paths, const TmuxServer& server, const std::vector<std::string>& names) {
  TRY(disk.make_directory(paths.undo(server.key())));
  return disk.replace(expected_file(paths, server), join(names, std::string_view("\0", 1)));
}

Result<std::vector<UndoItem>> undo_items(Disk& disk, const Paths& paths, const TmuxServer& server) {
  auto history = history_of(disk, paths, server);
  auto names = TRY(history.names());
  std::vector<UndoItem> items;
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    for (const auto& entry : TRY(history.log(*name)))
      if (auto item = item_of(*name, entry); item && !entry.restored_from) items.push_back(std::move(*item));
  return items;
}

namespace {

// One item on its way back.
class Return {
 public:
  Return(Disk& disk, const Paths& paths, const TmuxServer& server, const LiveServer* live, const Generation& generation, const UndoItem& item,
         const Settings& settings, const Patience& patience)
      : disk_(disk), paths_(paths), server_(server), live_(live), generation_(generation), item_(item), patience_(patience),
        base_{true, server.key(), directory_name(item.name), item.generation},
        facts_(facts_of(disk, live ? fresh_sessions(server, *live, patience) : std::set<std::string>())),
        context_{generation_, base_, options_, settings, facts_} {}

  Result<UndoReport> run() {
    const auto* session = live_session();
    if (!session || item_.kind == ClosedKind::session) return bring_session();
    // Filling it is what a visit does; with something in it already it would never be filled.
    if (!session->lazy.empty())
      return Error{Fault::conflict, cat("session ", printable(saved().name), " waits to be filled; attach to it first, then undo again")};
    if (item_.kind == ClosedKind::pane)
      if (const auto* window = live_window(*session)) return bring_panes(*window);
    return bring_window(*session);
  }

 private:
  const Session& saved() const { return generation_.workspace.sessions[0]; }
  const Window& saved_window() const { return saved().windows[0]; }

  const LiveSession* live_session() const {
    if (!live_) return nullptr;
    auto found = std::find_if(live_->sessions.begin(), live_->sessions.end(), [&](const auto& one) { return one.session.name == saved().name; });
    return found == live_->sessions.end() ? nullptr : &*found;
  }

  // The window that lost the panes: in its place, with the panes that it had besides.
  const LiveWindow* live_window(const LiveSession& session) const {
    auto left = saved_window().panes.size() - item_.panes.size();
    for (const auto& window : session.windows)
      if (window.window.index == saved_window().index && window.panes.size() >= left) return &window;
    return nullptr;
  }

  Result<UndoReport> carry(const Plan& plan) {
    auto carried = TRY(carry_out(plan, server_, live_ == nullptr, {}, patience_));
    return UndoReport{item_, plan.words.notes, std::move(carried.failed)};
  }

  Result<UndoReport> bring_session() {
    options_.replace = item_.replaced;
    auto plan = TRY(make_plan(generation_, base_, live_, options_, context_.settings, facts_));
    if (plan.sessions.empty()) return Error{Fault::conflict, cat("a session ", printable(saved().name), " runs again; rename it first")};
    // What has the name by now is kept in its turn, as every replaced session is.
    History saves(disk_, paths_.workspaces(server_.key()), paths_.corrupt());
    TRY(keep_replaced(plan, saves, disk_, paths_, server_, context_.settings, patience_));
    auto report = TRY(carry(plan));
    TRY(expect_swapped(plan, disk_, paths_, server_));
    return report;
  }

  Result<UndoReport> bring_window(const LiveSession& session) {
    SessionPlan into;
    into.session = saved(), into.name = saved().name, into.path = session.session.path, into.fills = session.id;
    into.session.windows[0].active = true, into.session.windows[0].last = false;
    int highest = -1;
    bool taken = false;
    for (const auto& window : session.windows) {
      highest = std::max(highest, window.window.index);
      taken = taken || window.window.index == into.session.windows[0].index;
    }
    if (taken) into.session.windows[0].index = highest + 1;
    Plan plan;
    std::set<int> linked;
    plan_windows(context_, into, linked, plan.words);
    plan.sessions.push_back(std::move(into));
    plan.active = 0;
    return carry(plan);
  }

  // Each pane is split off the one that stood before it, so that the saved layout fits again.
  Result<UndoReport> bring_panes(const LiveWindow& window) {
    SessionPlan into;
    into.session = saved(), into.name = saved().name;
    RestorePlan words;
    std::set<int> linked;
    plan_windows(context_, into, linked, words);
    ScriptNames names{"", own_program(), host_name(), ""};
    std::vector<std::string> order;
    for (const auto& pane : window.panes) order.push_back(pane.id);
    UndoReport report{item_, words.notes, {}};
    for (int place : item_.panes) {
      if (place < 0 || static_cast<std::size_t>(place) >= saved_window().panes.size()) continue;
      auto at = std::min(static_cast<std::size_t>(place), order.size());
      TmuxScript split;
      std::vector<std::string> command{"split-window", "-d", "-P", "-F", "#{pane_id}", "-t", order[at == 0 ? 0 : at - 1]};
      if (at == 0) command.emplace_back("-b");
      add_pane(split, command, into.windows[0].panes[static_cast<std::size_t>(place)], names);
      auto made = TRY(run_script(server_, split, false, patience_));
      auto id = made.output.substr(0, made.output.find('\n'));
      if (id.rfind('%', 0) == 0) order.insert(order.begin() + static_cast<std::ptrdiff_t>(at), id);
      else report.failed.push_back(cat("tmux: ", printable(made.errors.substr(0, made.errors.find('\n')))));
    }
    auto finished = TRY(run_script(server_, arrange_panes(window, order), false, patience_));
    if (!finished.errors.empty()) report.failed.push_back(cat("tmux: ", printable(finished.errors.substr(0, finished.errors.find('\n')))));
    return report;
  }

  TmuxScript arrange_panes(const LiveWindow& window, const std::vector<std::string>& order) const {
    TmuxScript script;
    const auto& saved = saved_window();
    if (order.size() != saved.panes.size()) return script;
    if (is_layout(saved.layout)) script.command({"select-layout", "-t", window.id, saved.layout});
    for (int place : item_.panes) {
      const auto& pane = saved.panes[static_cast<std::size_t>(place)];
      const auto& id = order[static_cast<std::size_t>(place)];
      if (!pane.resume.empty() && !is_foreign(generation_, host_name()))
        script.command({"set-option", "-p", "-t", id, std::string(resume_option), packed_words(pane.resume)});
      if (pane.title != host_name()) script.command_with(pane.title, {"select-pane", "-t", id, "-T", "\x01"});
      script.command({"select-pane", "-t", id});
    }
    return script;
  }

  Disk& disk_;
  const Paths& paths_;
  const TmuxServer& server_;
  const LiveServer* live_;
  const Generation& generation_;
  const UndoItem& item_;
  const Patience& patience_;
  StoredId base_;
  RestoreOptions options_;
  PlanFacts facts_;
  PlanContext context_;
};

}  // namespace

static Result<UndoItem> wanted_item(const std::vector<UndoItem>& items, std::uint64_t id) {
  const auto is_wanted = [&](const UndoItem& item) { return id == 0 ? !item.fresh : item.id == id; };
  const auto found = std::find_if(items.begin(), items.end(), is_wanted);
  if (found != items.end()) return *found;
  if (items.empty()) return Error{Fault::not_found, "nothing was closed or replaced"};
  if (id == 0)
    return Error{Fault::not_found, cat("nothing was closed or replaced; `kra undo ", items.front().id, "` gives back the fresh session ",
                                       printable(items.front().where), " that a restore took over")};
  return Error{Fault::not_found, cat("nothing to bring back is called ", id, "; `kra undo --list` shows what there is")};
}

Result<UndoReport> undo(Disk& disk, const Paths& paths, const TmuxServer& server, std::uint64_t id, const Settings& settings, const Patience& patience) {
  auto lock = TRY(lock_server(paths, server, patience));
  const auto items = TRY(undo_items(disk, paths, server));
  const auto item = TRY(wanted_item(items, id));
  auto history = history_of(disk, paths, server);
  auto generation = TRY(history.load(item.name, item.generation));
  if (generation.workspace.sessions.empty() || generation.workspace.sessions[0].windows.empty())
    return Error{Fault::corrupt, cat(item.name, " holds nothing")};
  auto live = TRY(look(server, patience));
  auto report = TRY(Return(disk, paths, server, live ? &*live : nullptr, generation, item, settings, patience).run());
  // Its panes still read their programs from it, so it stays, but is offered no more.
  TRY(history.mark_restored_from(item.name, item.generation));
  return report;
}

}  // namespace kra
