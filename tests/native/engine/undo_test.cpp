// What counts as closed between two saves.
#include "engine/undo.hpp"

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "engine/history.hpp"

using namespace kra;

namespace {

Window window(int index, std::string name, std::vector<std::string> directories) {
  Window one;
  one.index = index, one.name = std::move(name);
  for (std::size_t i = 0; i < directories.size(); ++i) {
    Pane pane;
    pane.index = static_cast<int>(i), pane.cwd = directories[i];
    one.panes.push_back(pane);
  }
  return one;
}

Workspace before() {
  Workspace workspace;
  Session work, play;
  work.name = "work", work.windows = {window(0, "a", {"/a", "/b", "/c"}), window(1, "b", {"/d"}), window(2, "c", {"/e"})};
  play.name = "play", play.windows = {window(0, "p", {"/p"})};
  workspace.sessions = {work, play};
  return workspace;
}

}  // namespace

TEST_CASE("nothing is closed where nothing changed") { CHECK(closed_between(before(), before()).empty()); }

TEST_CASE("a closed pane is told with its place") {
  auto after = before();
  auto& panes = after.sessions[0].windows[0].panes;
  panes.erase(panes.begin() + 1);
  auto closed = closed_between(before(), after);
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].kind == ClosedKind::pane);
  CHECK(closed[0].panes == std::vector<int>{1});
  CHECK(closed[0].session.windows.size() == 1);
  CHECK(closed[0].session.windows[0].panes.size() == 3);
}

TEST_CASE("a closed window is one item, also when the others are renumbered") {
  auto after = before();
  after.sessions[0].windows.erase(after.sessions[0].windows.begin() + 1);
  CHECK(closed_between(before(), after)[0].session.windows[0].name == "b");
  after.sessions[0].windows[1].index = 1;
  auto closed = closed_between(before(), after);
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].kind == ClosedKind::window);
  CHECK(closed[0].session.windows[0].name == "b");
}

TEST_CASE("a closed session is one item, whatever was in it") {
  auto after = before();
  after.sessions.erase(after.sessions.begin());
  auto closed = closed_between(before(), after);
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].kind == ClosedKind::session);
  CHECK(closed[0].session.windows.size() == 3);
}

TEST_CASE("a rename closes nothing") {
  auto after = before();
  after.sessions[0].name = "job";
  CHECK(closed_between(before(), after).empty());
  after.sessions[0].windows[0].name = "renamed";
  CHECK(closed_between(before(), after).empty());
}

TEST_CASE("another directory or program in a pane closes nothing") {
  auto after = before();
  after.sessions[0].windows[1].panes[0].cwd = "/elsewhere";
  after.sessions[0].windows[2].panes[0].argv = {"less"};
  CHECK(closed_between(before(), after).empty());
}

TEST_CASE("a window that moved to another session, or a pane that became a window, is not closed") {
  auto after = before();
  after.sessions[1].windows.push_back(after.sessions[0].windows[2]);
  after.sessions[0].windows.pop_back();
  CHECK(closed_between(before(), after).empty());
  after = before();
  after.sessions[0].windows[0].panes.pop_back();
  after.sessions[0].windows.push_back(window(3, "c2", {"/c"}));
  CHECK(closed_between(before(), after).empty());
}

TEST_CASE("a window that is seen in two sessions is closed once") {
  auto from = before();
  from.sessions[0].windows[2].link = 1;
  from.sessions[1].windows.push_back(from.sessions[0].windows[2]);
  auto after = from;
  after.sessions[0].windows.pop_back(), after.sessions[1].windows.pop_back();
  CHECK(closed_between(from, after).size() == 1);
  after = from;
  after.sessions[1].windows.pop_back();
  CHECK(closed_between(from, after).empty());
}

TEST_CASE("a fresh session that was taken over has a number and is marked") {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  TmuxServer server{.socket = "/tmp/x"};
  auto patience = Patience::of(Milliseconds(60'000));
  const auto name = before().sessions[0].name;
  REQUIRE(record_swapped(disk, paths, server, before(), name, Swapped::replaced, patience));
  REQUIRE(record_swapped(disk, paths, server, before(), name, Swapped::fresh, patience));
  auto items = undo_items(disk, paths, server);
  REQUIRE(items);
  REQUIRE(items->size() == 2);
  CHECK(((*items)[0].fresh && (*items)[0].replaced && (*items)[0].id == 2));
  CHECK((!(*items)[1].fresh && (*items)[1].replaced && (*items)[1].id == 1));
  CHECK(record_swapped(disk, paths, server, before(), "not there", Swapped::fresh, patience).error().fault == Fault::refused);
}

TEST_CASE("closings of one run of a server are kept, at most fifty") {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  TmuxServer server{.socket = "/tmp/x"};
  auto patience = Patience::of(Milliseconds(60'000));
  History history(disk, paths.workspaces(server.key()), paths.corrupt());
  LiveServer live;
  live.pid = 7, live.start_time = 1;
  auto save = [&](const Workspace& workspace) {
    auto written = history.write("w", workspace, {}, patience);
    REQUIRE(written);
    auto added = record_closed(history, disk, paths, server, "w", written->generation, workspace, live, patience);
    REQUIRE(added);
    return *added;
  };
  auto smaller = before();
  smaller.sessions[0].windows.pop_back();
  CHECK(save(before()) == 0);
  CHECK(save(smaller) == 1);
  CHECK(save(before()) == 0);
  auto items = undo_items(disk, paths, server);
  REQUIRE(items);
  REQUIRE(items->size() == 1);
  CHECK((*items)[0].where == "work:2");
  CHECK((*items)[0].kind == ClosedKind::window);

  // What another run of the server had was not closed by anybody.
  live.pid = 8;
  CHECK(save(smaller) == 0);
  CHECK(save(before()) == 0);
  REQUIRE(expect_closed(disk, paths, server, {"work"}));
  CHECK(save(smaller) == 0);
  save(before());
  save(smaller), save(before());
  // Panes of one that was brought back may still wait for Enter, with their programs in it.
  const auto brought_back = undo_items(disk, paths, server)->front();
  History items_history(disk, paths.undo(server.key()), paths.corrupt());
  REQUIRE(items_history.mark_restored_from(brought_back.name, brought_back.generation));
  for (int i = 0; i < 54; ++i) save(smaller), save(before());
  CHECK(undo_items(disk, paths, server)->size() == undo_kept);
  CHECK(items_history.newest(brought_back.name));
}
