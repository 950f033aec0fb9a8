#include "model/workspace.hpp"

#include <set>

#include "base/text.hpp"

namespace kra {

Counts count(const Workspace& workspace) {
  Counts counts;
  std::set<int> links;
  counts.editors = static_cast<int>(workspace.editors.size());
  for (const auto& session : workspace.sessions) {
    ++counts.sessions;
    for (const auto& window : session.windows) {
      if (window.link > 0 && !links.insert(window.link).second) continue;
      ++counts.windows;
      counts.panes += static_cast<int>(window.panes.size());
    }
  }
  return counts;
}

static std::string plural(int count, const char* noun) { return cat(count, " ", noun, count == 1 ? "" : "s"); }

std::string text_of(const Counts& counts) {
  return join({plural(counts.sessions, "session"), plural(counts.windows, "window"), plural(counts.panes, "pane"),
               plural(counts.editors, "editor")}, ", ");
}

}  // namespace kra
