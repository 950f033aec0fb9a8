#include "cli/difference.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kra::cli {

namespace {

using Kind = Change::Kind;

class Comparer {
 public:
  std::vector<Change> changes;

  void workspaces(const Workspace& before, const Workspace& after) {
    field("", "active session", before.active_session, after.active_session);
    lists(before.sessions, after.sessions, [](const Session& session) { return session.name; }, "session",
          [](const Session& session) { return session.name; }, [](const Session& session) { return cat(session.windows.size(), " windows"); },
          [this](const Session& left, const Session& right) { sessions(left, right); });
    lists(before.editors, after.editors, [](const Editor& editor) { return editor.id; }, "editor",
          [](const Editor& editor) { return cat("editor ", editor.id); }, [](const Editor& editor) { return editor.cwd; },
          [this](const Editor& left, const Editor& right) { editors(left, right); });
  }

 private:
  void field(const std::string& where, std::string what, const std::string& before, const std::string& after) {
    if (before != after) changes.push_back({Kind::changed, where, std::move(what), before, after});
  }

  // Items with the same key are compared, the others came or went.
  template <class Item, class Key, class Where, class Text, class Compare>
  void lists(const std::vector<Item>& before, const std::vector<Item>& after, Key key, const char* what, Where where, Text text, Compare compare) {
    auto find = [&](const std::vector<Item>& items, const Item& wanted) {
      return std::find_if(items.begin(), items.end(), [&](const Item& item) { return key(item) == key(wanted); });
    };
    for (const auto& item : before)
      if (find(after, item) == after.end()) changes.push_back({Kind::removed, where(item), what, text(item), ""});
    for (const auto& item : after) {
      auto old = find(before, item);
      if (old == before.end()) changes.push_back({Kind::added, where(item), what, "", text(item)});
      else compare(*old, item);
    }
  }

  void sessions(const Session& before, const Session& after) {
    field(after.name, "group", before.group, after.group);
    field(after.name, "directory", before.path, after.path);
    lists(before.windows, after.windows, [](const Window& window) { return window.index; }, "window",
          [&](const Window& window) { return cat(after.name, ":", window.index); }, [](const Window& window) { return window.name; },
          [&](const Window& left, const Window& right) { windows(cat(after.name, ":", right.index), left, right); });
  }

  void windows(const std::string& where, const Window& before, const Window& after) {
    field(where, "name", before.name, after.name);
    field(where, "layout", before.layout, after.layout);
    field(where, "zoom", before.zoomed ? "on" : "off", after.zoomed ? "on" : "off");
    field(where, "active", before.active ? "yes" : "no", after.active ? "yes" : "no");
    lists(before.panes, after.panes, [](const Pane& pane) { return pane.index; }, "pane",
          [&](const Pane& pane) { return cat(where, ".", pane.index); }, [](const Pane& pane) { return pane.cwd; },
          [&](const Pane& left, const Pane& right) { panes(cat(where, ".", right.index), left, right); });
  }

  void panes(const std::string& where, const Pane& before, const Pane& after) {
    field(where, "directory", before.cwd, after.cwd);
    field(where, "program", shell_quoted(before.argv), shell_quoted(after.argv));
    field(where, "title", before.title, after.title);
    field(where, "active", before.active ? "yes" : "no", after.active ? "yes" : "no");
    field(where, "branch", before.repository.empty() ? "" : before.repository[0].branch, after.repository.empty() ? "" : after.repository[0].branch);
    field(where, "contents", before.scrollback, after.scrollback);
  }

  void editors(const Editor& before, const Editor& after) {
    auto where = cat("editor ", after.id);
    field(where, "directory", before.cwd, after.cwd);
    field(where, "tabs", cat(before.tabs), cat(after.tabs));
    lists(before.buffers, after.buffers, [](const EditorBuffer& buffer) { return buffer.path; }, "buffer",
          [&](const EditorBuffer&) { return where; }, [](const EditorBuffer& buffer) { return buffer.path; },
          [&](const EditorBuffer& left, const EditorBuffer& right) {
            field(where, cat("modified ", right.path), left.modified ? "yes" : "no", right.modified ? "yes" : "no");
          });
    // What is left is the editor's own: windows, cursors, marks.
    if (before.state != after.state) changes.push_back({Kind::changed, where, "windows and cursors", "", ""});
  }
};

}  // namespace

std::vector<Change> difference(const Workspace& before, const Workspace& after) {
  Comparer comparer;
  comparer.workspaces(before, after);
  return std::move(comparer.changes);
}

std::string_view kind_name(Change::Kind kind) {
  switch (kind) {
    case Kind::added: return "added";
    case Kind::removed: return "removed";
    case Kind::changed: return "changed";
  }
  return "";
}

}  // namespace kra::cli
