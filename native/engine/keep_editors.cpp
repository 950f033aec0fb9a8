#include "engine/keep_editors.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "os/process.hpp"

namespace kra {
namespace {

// The pane of that place in a Workspace, const or not.
template <class Held>
auto find(Held& workspace, const std::string& session, int window, int pane) -> decltype(&workspace.sessions[0].windows[0].panes[0]) {
  for (auto& one : workspace.sessions) {
    if (one.name != session) continue;
    for (auto& place : one.windows) {
      if (place.index != window) continue;
      for (auto& candidate : place.panes) {
        if (candidate.index == pane) return &candidate;
      }
    }
  }
  return nullptr;
}

// When the program in front was started, on the wall clock; later than everything when that is not known.
std::int64_t started_at(pid_t leader) {
  const auto front = foreground_of(leader);
  const auto ticks = front ? start_time_of(front->pid) : std::nullopt;
  timespec up{};
  if (!ticks || ::clock_gettime(CLOCK_BOOTTIME, &up) != 0) return INT64_MAX;
  const auto since_boot = static_cast<std::int64_t>(*ticks) * 1000 / ::sysconf(_SC_CLK_TCK);
  return wall_now().ms - (static_cast<std::int64_t>(up.tv_sec) * 1000 + up.tv_nsec / 1'000'000 - since_boot);
}

// Pane by pane in the order of the workspace, in which linked windows come several times.
void order_editors(Workspace& workspace, std::vector<Editor> editors) {
  workspace.editors.clear();
  for (const auto& session : workspace.sessions) {
    for (const auto& window : session.windows) {
      for (const auto& pane : window.panes) {
        const auto wanted = std::find_if(editors.begin(), editors.end(), [&](const Editor& editor) { return editor.id == pane.editor; });
        if (pane.editor.empty() || wanted == editors.end()) continue;
        workspace.editors.push_back(std::move(*wanted));
        editors.erase(wanted);
      }
    }
  }
}

}  // namespace

int keep_editors(Captured& now, const Generation& before) {
  if (before.workspace.editors.empty()) return 0;
  int kept = 0;
  auto editors = now.workspace.editors;
  const auto is_told = [&](const std::string& id) {
    return std::any_of(editors.begin(), editors.end(), [&](const Editor& editor) { return editor.id == id; });
  };
  for (const auto& session : now.live.sessions) {
    for (const auto& window : session.windows) {
      for (const auto& live : window.panes) {
        auto* pane = find(now.workspace, session.session.name, window.window.index, live.pane.index);
        const auto* former = find(before.workspace, session.session.name, window.window.index, live.pane.index);
        if (pane == nullptr || former == nullptr || !pane->editor.empty() || former->editor.empty() || pane->argv != former->argv) continue;
        if (started_at(live.pid) > before.stamp.saved_at) continue;
        pane->editor = former->editor;
        if (is_told(former->editor)) continue;
        for (const auto& editor : before.workspace.editors) {
          if (editor.id == former->editor) editors.push_back(editor), ++kept;
        }
      }
    }
  }
  if (kept > 0) order_editors(now.workspace, std::move(editors));
  return kept;
}

}  // namespace kra
