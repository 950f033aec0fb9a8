#include "engine/save.hpp"

#include <unistd.h>

#include "engine/scrollback.hpp"
#include "model/config.hpp"
#include "os/process.hpp"
#include "tests/native/peers/tmux_world.hpp"

using namespace kra;

namespace {

class SaveWorld : public TmuxWorld {
 public:
  SaveWorld() : paths{.state = scratch / "state", .runtime = scratch / "run", .config = scratch / "config"} {}

  Workspace captured(const std::vector<ConnectedEditor>& editors = {}) {
    auto captured = capture(disk, paths, server, editors, settings, soon());
    if (!captured) FAIL(captured.error().what);
    return captured->workspace;
  }
  Pane pane() { return captured().sessions.at(0).windows.at(0).panes.at(0); }
  // Waits until the first pane runs `program`, and gives the pane.
  Pane pane_running(const std::string& program) {
    wait_until([&] {
      const auto now = pane();
      return program.empty() ? now.argv.empty() : !now.argv.empty() && now.argv[0] == program;
    });
    return pane();
  }
  Result<SaveReport> save_now(const SaveRequest& request) {
    return save(history, disk, paths, server, request, settings, soon());
  }

  SystemDisk disk;
  Paths paths;
  Settings settings;
  History history{disk, scratch / "state/workspaces/x", scratch / "state/corrupt"};
};

}  // namespace

TEST_CASE("a pane is its directory and its foreground program") {
  SaveWorld world;
  world.start();
  auto pane = world.pane_running("");
  CHECK(pane.cwd == world.scratch.path());
  CHECK(pane.command.empty());
  CHECK_FALSE(pane.shell_loaded);
  const auto odd = world.scratch / "o  dd 'x'";
  std::filesystem::create_directory(odd);
  world.tmux({"send-keys", "-t", "main", "cd 'o  dd '\\''x'\\'; env KRA_SHELL=$$ tail -f /dev/null '#x;'", "Enter"});
  pane = world.pane_running("tail");
  CHECK(pane.argv == std::vector<std::string>{"tail", "-f", "/dev/null", "#x;"});
  CHECK(pane.cwd == odd);
  CHECK(pane.shell_loaded);
}

TEST_CASE("a pane with a command of its own keeps it") {
  SaveWorld world;
  world.start({"sleep", "1000"});
  const auto pane = world.pane_running("sleep");
  CHECK(pane.argv == std::vector<std::string>{"sleep", "1000"});
  CHECK(pane.command == std::vector<std::string>{"sleep", "1000"});
}

TEST_CASE("a save asks its tmux server for that server's own options") {
  SaveWorld world;
  world.start({"sh", "-c", "echo shown; exec tail -f /dev/null"});
  wait_until([&] { return world.tmux({"capture-pane", "-p", "-t", "main"}).starts_with("shown"); });
  world.tmux({"set-option", "-g", "@kra-autosave", "off"});
  const auto itself = world.save_now({.reason = "autosave"});
  REQUIRE(itself);
  CHECK(itself->off);
  CHECK_FALSE(world.history.newest("default").ok());
  world.tmux({"set-option", "-g", "@kra-scrollback", "on"});
  const auto asked = world.save_now({});
  REQUIRE(asked);
  CHECK_FALSE(asked->off);
  CHECK_FALSE(world.history.newest("default")->workspace.sessions.at(0).windows.at(0).panes.at(0).scrollback.empty());
  world.tmux({"set-option", "-gu", "@kra-autosave"});
  world.settings.restore.scrollback = true;
  world.settings.fixed = {"restore.scrollback", "autosave.active"};
  world.tmux({"set-option", "-g", "@kra-scrollback", "off"});
  world.settings.autosave.active = false;
  world.tmux({"set-option", "-g", "@kra-autosave", "on"});
  CHECK(world.save_now({.reason = "autosave"})->off);
  REQUIRE(world.save_now({}));
  CHECK_FALSE(world.history.newest("default")->workspace.sessions.at(0).windows.at(0).panes.at(0).scrollback.empty());
}

TEST_CASE("nothing of a pane whose program was given a secret is stored") {
  SaveWorld world;
  world.settings.restore.scrollback = true;
  world.start({"sh", "-c", "echo shown; tail -f /dev/null; :", "x", "--password", "canary-in-two-words"});
  world.tmux({"set-option", "-g", "allow-rename", "on"});
  wait_until([&] { return world.tmux({"capture-pane", "-p", "-t", "main"}).starts_with("shown"); });
  world.tmux({"select-pane", "-T", "tail --password canary-in-the-title", "-t", "main"});
  world.tmux({"set-option", "-p", "-t", "main", "@kra_resume", packed_words({"prog", "--token", "canary-of-resume"})});
  REQUIRE(world.save_now({}));
  const auto saved = world.history.newest("default");
  REQUIRE(saved);
  const auto pane = saved->workspace.sessions.at(0).windows.at(0).panes.at(0);
  CHECK(pane == Pane{.index = pane.index, .active = true, .cwd = world.scratch.path()});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.scratch / "state")) {
    if (entry.is_regular_file()) CHECK(awaited(entry.path()).find("canary") == std::string::npos);
  }
}

TEST_CASE("another shell than the user's is a program") {
  SaveWorld world;
  world.start({"bash", "--norc", "-i"});
  CHECK(world.pane_running("bash").argv == std::vector<std::string>{"bash", "--norc", "-i"});
}

TEST_CASE("a helper that waits stands for its program") {
  SaveWorld world;
  Workspace former{.sessions = {{.name = "s", .windows = {{.panes = {{.argv = {"a"}}, {.argv = {"make", "x y"}, .command = {"c"}}}}}}}};
  History history(world.disk, world.paths.workspaces("key"), world.paths.corrupt());
  const auto written = history.write("n", former, {}, soon());
  REQUIRE(written);
  // A shell under our name, for which `exec` is a script: what counts is how the command line looks.
  std::filesystem::create_symlink("/bin/bash", world.scratch / "kra");
  std::ofstream(world.scratch / "exec") << "read line\n";
  const auto id = cat("key/", directory_name("n"), "/", static_cast<unsigned long long>(written->generation), "/1");
  world.start({world.scratch / "kra", "exec", id});
  const auto pane = world.pane_running("make");
  CHECK(pane.argv == std::vector<std::string>{"make", "x y"});
  CHECK(pane.command == std::vector<std::string>{"c"});
}

TEST_CASE("editors are told in the order of their panes") {
  SaveWorld world;
  world.start();
  world.tmux({"split-window", "-t", "main"});
  const std::vector<ConnectedEditor> editors = {{{.id = "second"}, "%1", 1}, {{.id = "first"}, "%0", 2}, {{.id = "elsewhere"}, "%77", 3}};
  const auto workspace = world.captured(editors);
  REQUIRE(workspace.editors.size() == 2);
  CHECK(workspace.editors[0].id == "first");
  CHECK(workspace.editors[1].id == "second");
  CHECK(workspace.sessions[0].windows[0].panes[1].editor == "second");
}

TEST_CASE("of two editors in a pane the one in front is told") {
  SaveWorld world;
  world.start({"sleep", "1000"});
  world.pane_running("sleep");
  const auto front = static_cast<pid_t>(parse_int(world.tmux({"display-message", "-p", "-t", "main", "#{pane_pid}"})).value_or(0));
  CHECK(world.captured({{{.id = "stopped"}, "%0", ::getpid()}, {{.id = "seen"}, "%0", front}}).editors == std::vector<Editor>{{.id = "seen"}});
  CHECK(world.captured({{{.id = "first"}, "%0", ::getpid()}, {{.id = "other"}, "%0", 0}}).editors == std::vector<Editor>{{.id = "first"}});
}

TEST_CASE("secrets on a command line are not stored") {
  SaveWorld world;
  world.start({"sh", "-c", "sleep 1000; true", "--password=x"});
  wait_until([&] { return world.pane().command.empty(); });
  CHECK(world.pane().argv.empty());
}

TEST_CASE("a save is written once") {
  SaveWorld world;
  world.start();
  world.pane_running("");
  auto report = world.save_now({.name = "work"});
  REQUIRE(report);
  CHECK(report->changed);
  CHECK(report->counts == Counts{1, 1, 1, 0});
  CHECK(world.history.current_name().value_or("") == "work");
  const auto first = report->generation;
  report = world.save_now({});
  REQUIRE(report);
  CHECK(report->name == "work");
  CHECK_FALSE(report->changed);
  CHECK(report->generation == first);
  CHECK(world.history.newest("work")->workspace == world.captured());
}

TEST_CASE("one session is a copy put by") {
  SaveWorld world;
  world.start();
  world.tmux({"new-session", "-d", "-s", "a b"});
  auto report = world.save_now({.name = "copy", .session = "a b"});
  REQUIRE(report);
  CHECK(report->counts.sessions == 1);
  CHECK(world.history.current_name().value_or("") == "default");
  CHECK(world.save_now({.name = "copy", .session = "none"}).error().fault == Fault::not_found);
  CHECK(world.save_now({.name = "a/b"}).error().fault == Fault::usage);
}

TEST_CASE("one session never becomes the newest of a whole workspace") {
  SaveWorld world;
  world.start();
  world.tmux({"new-session", "-d", "-s", "side"});
  for (const auto* name : {"other", "work"}) {
    const auto whole = world.save_now({.name = name});
    REQUIRE(whole);
    // "work" is the current save, and both hold more.
    CHECK(world.save_now({.name = name, .session = "side"}).error().fault == Fault::conflict);
    CHECK(world.history.latest(name)->stamp.generation == whole->generation);
  }
  REQUIRE(world.save_now({.name = "copy", .session = "side"}));
  CHECK(world.save_now({.name = "copy", .session = "main"}));
}

TEST_CASE("no session, no server, a restore: no save") {
  SaveWorld world;
  CHECK(world.save_now({}).error().fault == Fault::unavailable);
  world.start();
  const auto started = static_cast<unsigned long long>(start_time_of(::getpid()).value_or(0));
  world.tmux({"set-option", "-g", "@kra_restoring", cat(static_cast<int>(::getpid()), ".", started)});
  CHECK(world.save_now({}).error().fault == Fault::busy);
  world.tmux({"set-option", "-g", "@kra_restoring", "999999999.1"});
  CHECK(world.save_now({}).ok());
  world.tmux({"set-option", "-s", "exit-empty", "off"});
  world.tmux({"kill-session", "-t", "main"});
  CHECK(world.save_now({}).error().fault == Fault::refused);
}

TEST_CASE("a server that is going away is not saved") {
  SaveWorld world;
  world.start();
  for (int i = 0; i < 3; ++i) world.tmux({"new-window", "-d"});
  REQUIRE(world.save_now({.name = "work"}));
  for (int i = 1; i < 4; ++i) world.tmux({"kill-window", "-t", cat("main:", i)});
  std::thread end([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    (void)tmux_client(world.server, {"kill-server"}, "", soon());
  });
  const auto report = world.save_now({.reason = "autosave"});
  end.join();
  CHECK_FALSE(report.ok());
  CHECK(count(world.history.newest("work")->workspace).panes == 4);
}

TEST_CASE("a workspace that shrank and stays is saved") {
  SaveWorld world;
  world.start();
  for (int i = 0; i < 3; ++i) world.tmux({"new-window", "-d"});
  REQUIRE(world.save_now({.name = "work"}));
  for (int i = 1; i < 4; ++i) world.tmux({"kill-window", "-t", cat("main:", i)});
  const auto report = world.save_now({.reason = "autosave"});
  REQUIRE(report);
  CHECK(report->counts.panes == 1);
}

TEST_CASE("wiped hooks are put back by a save") {
  SaveWorld world;
  world.start();
  world.tmux({"set-hook", "-g", "window-renamed[187]", "wait-for -S kra"});
  auto report = world.save_now({});
  REQUIRE(report);
  CHECK(report->hooks_mended);
  report = world.save_now({});
  REQUIRE(report);
  CHECK_FALSE(report->hooks_mended);
}

TEST_CASE("an editor that is silent is not gone") {
  SaveWorld world;
  const auto editor = world.scratch / "nvim";
  std::filesystem::copy("/bin/sleep", editor);
  world.start({"-n", "one", editor, "1000"});
  world.pane_running(editor);
  world.tmux({"new-window", "-d", "-n", "two", editor, "1001"});
  wait_until([&] {
    const auto windows = world.captured().sessions.at(0).windows;
    return windows.size() == 2 && windows[1].panes.at(0).argv == std::vector<std::string>{editor, "1001"};
  });
  const Editor told{.id = "a", .cwd = "/", .tabs = 2};
  REQUIRE(world.save_now({.name = "work", .editors = {{told, "%0", 1}}}));
  auto report = world.save_now({});
  REQUIRE(report);
  CHECK_FALSE(report->changed);
  CHECK(world.history.newest("work")->workspace.editors == std::vector<Editor>{told});
  // Another process in its place has nothing to do with it.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));  // the system counts starts in hundredths of a second
  world.tmux({"respawn-pane", "-k", "-t", "main:0", editor, "1000"});
  world.pane_running(editor);
  report = world.save_now({});
  REQUIRE(report);
  CHECK(world.history.newest("work")->workspace.editors.empty());
}

TEST_CASE("contents are kept on request, once") {
  SaveWorld world;
  world.settings.restore.scrollback = true;
  world.start({"sh", "-c", "i=0; while [ $i -lt 80 ]; do i=$((i + 1)); printf '\\033[31mline %d\\033[0m\\n' $i; done; exec sleep 1000"});
  // tmux looks for a new name of the window half a second after its program changed.
  world.tmux({"set-option", "-wg", "automatic-rename", "off"});
  world.tmux({"new-window", "-d", "tail", "-f", "/dev/null", "id_rsa"});
  world.pane_running("sleep");
  wait_until([&] { return world.tmux({"capture-pane", "-p", "-t", "main:0"}).find("line 80") != std::string::npos; });
  REQUIRE(world.save_now({.name = "work"}));
  const auto windows = world.history.newest("work")->workspace.sessions.at(0).windows;
  const auto name = windows.at(0).panes.at(0).scrollback;
  const auto contents = read_scrollback(world.disk, world.paths, name);
  REQUIRE(contents);
  CHECK(contents->find("\033[31mline 1") != std::string::npos);
  CHECK(contents->find("line 80") != std::string::npos);
  CHECK(windows.at(1).panes.at(0).scrollback.empty());
  const auto report = world.save_now({});
  REQUIRE(report);
  CHECK_FALSE(report->changed);
  CHECK(world.disk.list(world.paths.scrollback())->size() == 1);
  CHECK(read_scrollback(world.disk, world.paths, "../x").error().fault == Fault::refused);
  CHECK(read_scrollback(world.disk, world.paths, "00").error().fault == Fault::not_found);
}

TEST_CASE("contents are kept for as long as a generation that stays names them, and never from a password prompt") {
  SaveWorld world;
  world.settings.restore.scrollback = true;
  world.start({"sh", "-c", "echo kept; exec sleep 1000"});
  world.tmux({"new-window", "-d", "sh", "-c", "stty -echo; echo secret; exec sleep 1001"});
  wait_until([&] { return world.tmux({"capture-pane", "-p", "-t", "main:1"}).find("secret") != std::string::npos; });
  wait_until([&] { return world.tmux({"capture-pane", "-p", "-t", "main:0"}).find("kept") != std::string::npos; });
  const auto first = world.save_now({.name = "work"});
  REQUIRE(first);
  const auto windows = world.history.newest("work")->workspace.sessions.at(0).windows;
  CHECK(windows.at(1).panes.at(0).scrollback.empty());
  const auto name = windows.at(0).panes.at(0).scrollback;
  REQUIRE_FALSE(name.empty());
  REQUIRE(world.history.keep("work", first->generation));

  // Nobody has named either for longer than history keeps saves; the pane says something else by now.
  REQUIRE(world.disk.replace(cat(world.paths.scrollback(), "/0123456789abcdef-1"), "x"));
  for (const auto& entry : std::filesystem::directory_iterator(world.paths.scrollback()))
    std::filesystem::last_write_time(entry, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 400));
  world.tmux({"respawn-pane", "-k", "-t", "main:0", "echo other; exec sleep 1000"});
  wait_until([&] { return world.tmux({"capture-pane", "-p", "-t", "main:0"}).find("other") != std::string::npos; });
  REQUIRE(world.save_now({}));
  CHECK(read_scrollback(world.disk, world.paths, name));
  CHECK_FALSE(world.disk.info(cat(world.paths.scrollback(), "/0123456789abcdef-1")));
}
