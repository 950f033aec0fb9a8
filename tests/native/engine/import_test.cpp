#include "engine/import.hpp"

#include "engine/programs.hpp"
#include "os/process.hpp"
#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("a save of tmux-resurrect is read as data") {
  const auto read = read_resurrect(
      "pane\twork\t1\t1\t:*Z\t2\ttitle\t:/home/me/my\\ dir\t1\tnvim\t:nvim -c ':!touch x' a b\n"
      "pane\twork\t1\t1\t:*Z\t1\tother\t:/tmp\t0\tzsh\t:\n"
      "pane\twork\t0\t0\t:-\t0\tt\t:/\t1\tmysql\t:mysql -psecret\n"
      "pane\told\t3\t:logs\t1\t:*\t0\t:/var/log\t1\ttail\t:tail -f syslog\n"
      "window\twork\t1\t:main\t1\t:*Z\tb25d,80x24,0,0{40x24,0,0,1,39x24,41,0,2}\toff\n"
      "window\twork\t0\t:db\t0\t:-\tb25f,80x24,0,0,3\t:\n"
      "window\told\t3\t1\t:*\tb25f,80x24,0,0,4\n"
      "grouped_session\tx\twork\t:0\t:1\n"
      "state\twork\told\n\npane\tbroken\n");
  REQUIRE(read);
  CHECK(read->active_session == "work");
  CHECK(read->last_session == "old");
  REQUIRE(read->sessions.size() == 3);
  CHECK((read->sessions[2].name == "x" && read->sessions[2].group == "work" && read->sessions[2].windows[1].active));
  const auto& work = read->sessions[1];
  CHECK(work.width == 80);
  CHECK(work.height == 24);
  REQUIRE(work.windows.size() == 2);
  CHECK(work.windows[0].last);
  const auto& main = work.windows[1];
  CHECK(main.name == "main");
  CHECK(main.zoomed);
  CHECK(main.automatic_rename == "off");
  REQUIRE(main.panes.size() == 2);
  CHECK(main.panes[0].argv.empty());
  CHECK(main.panes[1].cwd == "/home/me/my dir");
  CHECK(main.panes[1].argv.front() == "nvim");
  CHECK(read->sessions[0].windows[0].panes[0].argv == std::vector<std::string>{"tail", "-f", "syslog"});
  const auto import = as_import({{}, *read});
  CHECK(is_foreign(import, host_name()));
  CHECK(import.workspace.sessions[1].windows[0].panes[0].argv.empty());
  CHECK_FALSE(read_resurrect("").ok());
  CHECK_FALSE(read_resurrect("#!/bin/sh\nrm -rf /\n").ok());
}

TEST_CASE("an empty title in a save of tmux-resurrect costs that title only") {
  const auto read = read_resurrect("pane\tw\t0\t1\t:*\t0\t:/srv/data\t1\tnvim\t4711\t:sleep of another\n");
  REQUIRE(read);
  const auto& pane = read->sessions[0].windows[0].panes[0];
  CHECK((pane.cwd == "/srv/data" && pane.active && pane.title.empty() && pane.argv.empty()));
}

TEST_CASE("a save of kra-tmux is read as data") {
  const auto read = read_kra_tmux(R"json({
  "api": {"windows": [{"windowName": "edit \u00e4", "layout": "b25d,80x24,0,0{40x24,0,0,1,39x24,41,0,2}", "gitRepoLink": "git@host:me/tool.git",
    "currentCommand": "", "currentPath": "work/tool/src", "panes": [
      {"currentCommand": "nvim", "currentPath": "work/tool/src", "gitRepoLink": "git@host:me/tool.git", "paneLeft": "0", "paneTop": "0"},
      {"currentCommand": "bash", "currentPath": "/srv/$(touch x)", "paneLeft": "41", "paneTop": "0"}]},
    {"windowName": "none", "panes": []}]},
  "empty": {"windows": []}})json", "/home/me");
  REQUIRE(read);
  REQUIRE(read->sessions.size() == 1);
  const auto& session = read->sessions[0];
  CHECK((session.name == "api" && session.width == 80 && session.height == 24 && session.path == "/home/me/work/tool/src"));
  REQUIRE(session.windows.size() == 1);
  const auto& window = session.windows[0];
  CHECK((window.name == "edit \u00e4" && window.active));
  REQUIRE(window.panes.size() == 2);
  CHECK(window.panes[0].argv == std::vector<std::string>{"nvim"});
  REQUIRE(window.panes[0].repository.size() == 1);
  CHECK(window.panes[0].repository[0].root == "/home/me/work/tool");
  CHECK(window.panes[1].cwd == "/srv/$(touch x)");
  CHECK((window.panes[1].argv.empty() && window.panes[1].repository.empty()));
  for (const auto* text : {"", "{}", "[]", "{\"a\": 1}", "{\"a\": {\"windows\": [{}]}}", "#!/bin/sh\nrm -rf /\n"}) CHECK_FALSE(read_kra_tmux(text, "/").ok());
}

TEST_CASE("what could carry code is not imported") {
  Workspace workspace{.host = host_name(),
                      .sessions = {{.name = "s",
                                    .windows = {{.options = {{"window-status-format", "#(touch /tmp/x)"}, {"nonsense", "x"}},
                                                 .panes = {{.command = {"sh", "-c", "x"}, .resume = {"agent", "--resume"}}}}}}}};
  const auto import = as_import({{}, workspace});
  const auto& window = import.workspace.sessions[0].windows[0];
  CHECK(window.options.empty());
  CHECK(window.panes[0].command.empty());
  CHECK(window.panes[0].resume.empty());
  CHECK(window.panes[0].argv == std::vector<std::string>{"sh", "-c", "x"});
}
