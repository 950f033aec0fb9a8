// Differences in words: one for each thing that a person did.
#include "engine/diff.hpp"

#include "../catch.hpp"
#include "base/text.hpp"

using namespace kra;

static Workspace workspace() {
  Workspace made{.host = "here"};
  for (const char* name : {"a", "b"}) {
    Session session{.name = name};
    for (int w = 0; w < 3; ++w)
      session.windows.push_back({.index = w, .name = cat("w", w), .panes = {{.index = 0, .cwd = cat("/", name, w)}, {.index = 1, .cwd = "/x", .argv = {"vi", "f"}}}});
    made.sessions.push_back(session);
  }
  made.editors.push_back({.id = "e", .cwd = "/x", .buffers = {{"/x/f", false}}});
  return made;
}

static std::vector<std::string> words(const Workspace& before, const Workspace& after) {
  std::vector<std::string> lines;
  for (const auto& change : differences(before, after)) lines.push_back(cat(change.where, " | ", change.text));
  return lines;
}
using Lines = std::vector<std::string>;

TEST_CASE("equal workspaces do not differ") { CHECK(differences(workspace(), workspace()).empty()); }

TEST_CASE("what was opened and closed is named once") {
  auto before = workspace(), after = workspace();
  after.sessions[0].windows.erase(after.sessions[0].windows.begin() + 1);
  after.sessions[1].windows[2].panes.push_back({.index = 2, .cwd = "/new", .argv = {"less", "a b"}});
  CHECK(words(before, after) == Lines{"a:1 | the window 'w1' is gone (2 panes)", "b:2.2 | a pane is new: less 'a b' in '/new'"});
  CHECK(words(after, before) == Lines{"a:1 | the window 'w1' is new (2 panes)", "b:2.2 | a pane is gone: less 'a b' in '/new'"});
}

TEST_CASE("a renamed session and a renumbered window are changes, not losses") {
  auto before = workspace(), after = workspace();
  after.sessions[0].name = "c;#(x)";
  after.sessions[1].windows.erase(after.sessions[1].windows.begin());
  after.sessions[1].windows[0].index = 0;
  after.sessions[1].windows[1].index = 1;
  CHECK(words(before, after) == Lines{"c;#(x) | name: 'a' -> 'c;#(x)'", "b:0 | index: 1 -> 0", "b:1 | index: 2 -> 1", "b:0 | the window 'w0' is gone (2 panes)"});
}

TEST_CASE("a pane's directory and program, an editor's files") {
  auto before = workspace(), after = workspace();
  after.sessions[0].windows[0].panes[0].cwd = "/else";
  after.sessions[0].windows[0].panes[1].argv = {};
  after.editors[0].buffers = {{"/x/f", true}, {"/x/g\x1b", false}};
  CHECK(words(before, after) == Lines{"a:0.0 | cwd: '/a0' -> '/else'", "a:0.1 | program: vi f -> the shell", "e | '/x/f' has unsaved text", "e | opened '/x/g\\x1b'"});
}

TEST_CASE("everything that makes two workspaces unequal is said") {
  auto base = workspace();
  auto differs = [&](auto change) {
    auto other = base;
    change(other);
    INFO(text_of(count(other)));
    CHECK(differences(base, other).empty() == (base == other));
    CHECK(differences(other, base).empty() == (base == other));
  };
  differs([](Workspace& w) { w.host = "there"; });
  differs([](Workspace& w) { std::swap(w.sessions[0], w.sessions[1]); });
  differs([](Workspace& w) { w.sessions.clear(); });
  differs([](Workspace& w) { w.sessions[0].windows[0].options.push_back({"o", "v"}); });
  differs([](Workspace& w) { w.sessions[0].windows[0].layout = "l"; });
  differs([](Workspace& w) { w.sessions[0].windows[0].panes[0].repository.push_back({"r", "b", "/"}); });
  differs([](Workspace& w) { w.sessions[0].windows[0].panes[0].scrollback = "h"; });
  differs([](Workspace& w) { w.editors[0].state = Value(1); });
  differs([](Workspace& w) { w.editors[0].buffers.push_back({"/x/f", false}); });
  differs([](Workspace& w) { w.editors.clear(); });
}
