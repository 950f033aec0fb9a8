#include "engine/diff.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/record.hpp"

namespace kra {

namespace {

// --- who was who -----------------------------------------------------------------------------------------------------

template <class T>
using Alike = std::function<bool(const T&, const T&)>;

template <class T>
struct Pairs {
  std::vector<const T*> before;        // for each item of `after`: what it was, or nullptr
  std::vector<const T*> gone;
};

// Each rule in turn pairs what the rules before it left over.
template <class T>
Pairs<T> pair_up(const std::vector<T>& before, const std::vector<T>& after, const std::vector<Alike<T>>& rules) {
  Pairs<T> pairs{std::vector<const T*>(after.size()), {}};
  std::vector<bool> taken(before.size());
  for (const auto& alike : rules)
    for (std::size_t a = 0; a < after.size(); ++a)
      for (std::size_t b = 0; b < before.size() && !pairs.before[a]; ++b)
        if (!taken[b] && alike(before[b], after[a])) pairs.before[a] = &before[b], taken[b] = true;
  for (std::size_t b = 0; b < before.size(); ++b)
    if (!taken[b]) pairs.gone.push_back(&before[b]);
  return pairs;
}

bool same_work(const Pane& a, const Pane& b) { return a.cwd == b.cwd && a.argv == b.argv && a.editor == b.editor; }
bool same_panes(const Window& a, const Window& b) {
  return std::equal(a.panes.begin(), a.panes.end(), b.panes.begin(), b.panes.end(), same_work);
}
bool same_windows(const Session& a, const Session& b) {
  return !a.windows.empty() && std::equal(a.windows.begin(), a.windows.end(), b.windows.begin(), b.windows.end(), same_panes);
}

const std::vector<Alike<Session>> session_rules{[](auto& a, auto& b) { return a.name == b.name; }, same_windows};
const std::vector<Alike<Window>> window_rules{
    [](auto& a, auto& b) { return a.index == b.index && a.name == b.name; },
    same_panes,
    [](auto& a, auto& b) { return a.name == b.name; },
    [](auto& a, auto& b) { return a.index == b.index; },
};
const std::vector<Alike<Pane>> pane_rules{
    [](auto& a, auto& b) { return a.index == b.index && same_work(a, b); },
    same_work,
    [](auto& a, auto& b) { return a.index == b.index; },
};
const std::vector<Alike<Editor>> editor_rules{[](auto& a, auto& b) { return a.id == b.id; }};

// --- in words --------------------------------------------------------------------------------------------------------

std::string quoted(const std::string& text) { return cat("'", printable(text), "'"); }
std::string counted(std::size_t count, const char* noun) { return cat(count, " ", noun, count == 1 ? "" : "s"); }

std::string text_of(const Value& value) {
  if (value.text()) return quoted(*value.text());
  return value.array() || value.map() ? printable(to_json(value)) : to_json(value);
}

// The members that differ, those in `children` left out: "name: 'a' -> 'b'".
template <class T>
std::vector<std::string> members_that_differ(const T& before, const T& after, std::initializer_list<std::string_view> children) {
  std::vector<std::string> words;
  auto old = to_value(before), now = to_value(after);
  for (const auto& [key, value] : *now.map()) {
    if (value == old[key] || std::find(children.begin(), children.end(), key) != children.end()) continue;
    if (key == "argv") {
      auto program = [](const auto& argv) { return argv.empty() ? std::string("the shell") : printable(shell_quoted(argv)); };
      if constexpr (requires { before.argv; }) words.push_back(cat("program: ", program(before.argv), " -> ", program(after.argv)));
    } else if (key == "state" || key == "scrollback" || key == "layout") {
      words.push_back(cat(key, " changed"));
    } else {
      words.push_back(cat(key, ": ", text_of(old[key]), " -> ", text_of(value)));
    }
  }
  return words;
}

class Differences {
 public:
  std::vector<Change> of(const Workspace& before, const Workspace& after) {
    say_changed("workspace", "", before, after, {"sessions", "editors"});
    auto sessions = pair_up(before.sessions, after.sessions, session_rules);
    for (std::size_t i = 0; i < after.sessions.size(); ++i) session(sessions.before[i], after.sessions[i]);
    for (const auto* gone : sessions.gone)
      say("removed", "session", gone->name, cat("the session ", quoted(gone->name), " is gone (", counted(gone->windows.size(), "window"), ")"));
    auto editors = pair_up(before.editors, after.editors, editor_rules);
    for (std::size_t i = 0; i < after.editors.size(); ++i) editor(editors.before[i], after.editors[i]);
    for (const auto* gone : editors.gone) say("removed", "editor", gone->id, cat("the editor in ", quoted(gone->cwd), " is gone"));
    // The same things in another order.
    if (changes_.empty() && !(before == after)) say("changed", "workspace", "", "the order changed");
    return std::move(changes_);
  }

 private:
  void session(const Session* before, const Session& after) {
    if (!before) return say("added", "session", after.name, cat("the session ", quoted(after.name), " is new (", counted(after.windows.size(), "window"), ")"));
    say_changed("session", after.name, *before, after, {"windows"});
    auto windows = pair_up(before->windows, after.windows, window_rules);
    for (std::size_t i = 0; i < after.windows.size(); ++i) window(after.name, windows.before[i], after.windows[i]);
    for (const auto* gone : windows.gone)
      say("removed", "window", cat(after.name, ":", gone->index), cat("the window ", quoted(gone->name), " is gone (", counted(gone->panes.size(), "pane"), ")"));
  }

  void window(const std::string& session, const Window* before, const Window& after) {
    auto where = cat(session, ":", after.index);
    if (!before) return say("added", "window", where, cat("the window ", quoted(after.name), " is new (", counted(after.panes.size(), "pane"), ")"));
    say_changed("window", where, *before, after, {"panes"});
    auto panes = pair_up(before->panes, after.panes, pane_rules);
    for (std::size_t i = 0; i < after.panes.size(); ++i) {
      const auto& pane = after.panes[i];
      if (panes.before[i]) say_changed("pane", cat(where, ".", pane.index), *panes.before[i], pane, {});
      else say("added", "pane", cat(where, ".", pane.index), cat("a pane is new: ", doing(pane)));
    }
    for (const auto* gone : panes.gone) say("removed", "pane", cat(where, ".", gone->index), cat("a pane is gone: ", doing(*gone)));
  }

  void editor(const Editor* before, const Editor& after) {
    if (!before) return say("added", "editor", after.id, cat("an editor is new in ", quoted(after.cwd), " (", counted(after.buffers.size(), "buffer"), ")"));
    say_changed("editor", after.id, *before, after, {"buffers"});
    for (const auto& buffer : after.buffers) {
      auto was = std::find_if(before->buffers.begin(), before->buffers.end(), [&](const auto& b) { return b.path == buffer.path; });
      if (was == before->buffers.end()) say("added", "editor", after.id, cat("opened ", quoted(buffer.path)));
      else if (was->modified != buffer.modified) say("changed", "editor", after.id, cat(quoted(buffer.path), buffer.modified ? " has unsaved text" : " was written"));
    }
    for (const auto& buffer : before->buffers) {
      bool there = std::any_of(after.buffers.begin(), after.buffers.end(), [&](const auto& b) { return b.path == buffer.path; });
      if (!there) say("removed", "editor", after.id, cat("closed ", quoted(buffer.path)));
    }
  }

  static std::string doing(const Pane& pane) {
    return cat(pane.argv.empty() ? std::string("a shell") : printable(shell_quoted(pane.argv)), " in ", quoted(pane.cwd));
  }

  template <class T>
  void say_changed(const char* what, const std::string& where, const T& before, const T& after, std::initializer_list<std::string_view> children) {
    auto words = members_that_differ(before, after, children);
    if (!words.empty()) say("changed", what, where, join(words, ", "));
  }

  void say(const char* kind, const char* what, const std::string& where, std::string text) {
    changes_.push_back({kind, what, printable(where), std::move(text)});
  }

  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> differences(const Workspace& before, const Workspace& after) { return Differences().of(before, after); }

}  // namespace kra
