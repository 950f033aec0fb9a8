#include "engine/save.hpp"

#include <algorithm>
#include <thread>

#include "base/text.hpp"
#include "base/version.hpp"
#include "engine/audit.hpp"
#include "engine/keep_editors.hpp"
#include "engine/scrollback.hpp"
#include "engine/undo.hpp"
#include "model/config.hpp"

namespace kra {
namespace {

constexpr Milliseconds second_look{2000};
constexpr Milliseconds look_for_stop{50};

// Only the session of that name, with the editors in it.
Result<Workspace> only(Workspace workspace, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& session : workspace.sessions) names.push_back(printable(session.name));
  std::erase_if(workspace.sessions, [&](const Session& session) { return session.name != name; });
  if (workspace.sessions.empty()) return Error{Fault::not_found, cat("no session '", printable(name), "'; there are: ", join(names, ", "))};
  const auto here = [&](const Editor& editor) {
    for (const auto& window : workspace.sessions[0].windows) {
      for (const auto& pane : window.panes) {
        if (pane.editor == editor.id) return true;
      }
    }
    return false;
  };
  std::erase_if(workspace.editors, [&](const Editor& editor) { return !here(editor); });
  workspace.active_session = name;
  workspace.last_session.clear();
  return workspace;
}

Result<void> wait(Milliseconds time, const Patience& patience) {
  const auto until = Clock::now() + time;
  while (Clock::now() < until) {
    if (patience.over()) return Error{Fault::timed_out, "no time left to look at a shrunken workspace again"};
    std::this_thread::sleep_for(look_for_stop);
  }
  return {};
}

bool shrank(const Counts& before, const Counts& now) { return now.panes * 2 < before.panes; }

// An editor runs in some pane, and nobody told what it shows.
bool has_silent_editors(const Workspace& workspace) {
  for (const auto& session : workspace.sessions) {
    for (const auto& window : session.windows) {
      for (const auto& pane : window.panes) {
        if (pane.editor.empty() && !pane.argv.empty() && pane.argv[0].find("vi") != std::string::npos) return true;
      }
    }
  }
  return false;
}

struct Saving {
  History& history;
  Disk& disk;
  const Paths& paths;
  const TmuxServer& server;
  const SaveRequest& request;
  const Settings& settings;
  const Patience& patience;

  Result<Captured> look(const std::string& name) {
    auto captured = TRY(capture(disk, paths, server, request.editors, settings, patience));
    if (has_silent_editors(captured.workspace)) {
      if (const auto before = history.newest(name)) keep_editors(captured, *before);
    }
    if (!request.session.empty()) captured.workspace = TRY(only(std::move(captured.workspace), request.session));
    return captured;
  }

  // A server that is going away loses its panes one after the other.
  Result<Captured> look_again(Captured captured, const std::string& name) {
    if (request.reason == "manual") return captured;
    const auto before = last_counts(name);
    if (!shrank(before, count(captured.workspace))) return captured;
    TRY(wait(second_look, patience));
    return TRY_TO("most panes are gone, and then the server", look(name));
  }

  Counts last_counts(const std::string& name) {
    const auto latest = history.latest(name);
    return latest ? latest->counts : Counts{};
  }
};

// A save of one session never becomes the newest of a whole workspace: without a name it is called as the session is.
Result<std::string> name_for(History& history, const SaveRequest& request) {
  auto current = TRY(history.current_name());
  if (request.session.empty()) return request.name.empty() ? current : request.name;
  const auto name = request.name.empty() ? request.session : request.name;
  const auto latest = history.latest(name);
  if (name == current || (latest && latest->counts.sessions > 1))
    return Error{request.name.empty() ? Fault::usage : Fault::conflict,
                 cat("'", printable(name), "' is the save of a whole workspace; give that of one session another name")};
  return name;
}

}  // namespace

Value value_of(const SaveReport& report) {
  return Value::Map{{"name", report.name},
                    {"generation", report.generation},
                    {"sessions", report.counts.sessions},
                    {"windows", report.counts.windows},
                    {"panes", report.counts.panes},
                    {"editors", report.counts.editors},
                    {"changed", report.changed},
                    {"duration_ms", report.duration_ms}};
}

Result<SaveReport> save(History& history, Disk& disk, const Paths& paths, const TmuxServer& server, const SaveRequest& request,
                        const Settings& settings, const Patience& patience) {
  const auto began = Clock::now();
  SaveReport report{.name = TRY(name_for(history, request))};
  TRY(check_save_name(report.name));
  Saving saving{history, disk, paths, server, request, settings, patience};
  auto captured = TRY(saving.look(report.name));
  const auto in_force = in_server(settings, captured.live.options);
  report.off = !in_force.autosave.active && (request.reason == "autosave" || request.reason == "exit");
  if (report.off) return report;
  captured = TRY(saving.look_again(std::move(captured), report.name));
  Stamp stamp{.saved_at = wall_now().ms, .reason = request.reason, .message = request.message, .server = server.socket,
              .release = std::string(version())};
  // Contents are an addition: a save without them is better than none.
  if (in_force.restore.scrollback) (void)keep_scrollback(disk, paths, server, captured, in_force, patience).ok();
  const auto written = TRY(history.write(report.name, captured.workspace, std::move(stamp), patience));
  // A save of one session is a copy put by; autosave goes on with the whole.
  if (!request.name.empty() && request.session.empty()) TRY(history.set_current(request.name));
  // What cannot be offered for undo is no reason to fail: the save itself is done.
  if (request.session.empty() && written.changed) {
    (void)record_closed(history, disk, paths, server, report.name, written.generation, captured.workspace, captured.live, patience).ok();
  } else if (request.session.empty()) {
    (void)note_run(disk, paths, server, report.name, captured.live).ok();
  }
  report.hooks_mended = !captured.live.missing_hooks.empty() && mend_hooks(server, captured.live, patience).ok();
  report.shows_status = captured.live.shows_status;
  report.attended = captured.live.attached;
  report.generation = written.generation;
  report.changed = written.changed;
  report.counts = count(captured.workspace);
  report.duration_ms = std::chrono::duration_cast<Milliseconds>(Clock::now() - began).count();
  if (report.changed) note_act(disk, paths, "save", cat(report.name, "@", report.generation, ": ", text_of(report.counts), " (", request.reason, ", ", server.socket, ")"));
  if (report.hooks_mended) note_act(disk, paths, "hooks", cat("put back ", captured.live.missing_hooks.size(), " of ours in ", server.socket));
  return report;
}

}  // namespace kra
