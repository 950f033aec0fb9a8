// What differs between two workspaces, in words. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/workspace.hpp"

namespace kra {

struct Change {
  std::string kind;   // added, removed, changed
  std::string what;   // workspace, session, window, pane, editor
  std::string where;  // "work", "work:2", "work:2.1", an editor's id; of what is there afterwards, or of what was removed
  std::string text;   // "the window 'logs' is gone (3 panes)"; fit for a terminal
  friend bool operator==(const Change&, const Change&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("kind", self.kind);
    visit("what", self.what);
    visit("where", self.where);
    visit("text", self.text);
  }
};

// Empty exactly when the two are equal. What was renamed or moved is recognised by its content and is one change, not a removal and an
// addition. Sessions come in the order of `after`, then what is gone.
std::vector<Change> differences(const Workspace& before, const Workspace& after);

}  // namespace kra
