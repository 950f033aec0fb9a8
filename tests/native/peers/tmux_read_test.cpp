#include "peers/tmux_hooks.hpp"
#include "tests/native/peers/tmux_world.hpp"

using namespace kra;

namespace {

LiveServer read(const TmuxWorld& world) {
  auto live = read_server(world.server, soon());
  if (!live) FAIL(live.error().what);
  return std::move(*live);
}
const LiveSession& session(const LiveServer& live, const std::string& name) {
  for (const auto& one : live.sessions) {
    if (one.session.name == name) return one;
  }
  FAIL("no session " << name);
  return live.sessions.front();
}
void source(const TmuxWorld& world, const std::string& commands) { REQUIRE(tmux_client(world.server, {"source-file", "-"}, commands, soon())); }

}  // namespace

TEST_CASE("a server is read as it is") {
  TmuxWorld world;
  world.start({"-n", "first", "sleep", "1000"});
  world.tmux({"split-window", "-t", "main:0", "sh", "-c", "echo \"$0\"; sleep 1000", "a;b"});
  world.tmux({"set-option", "-p", "-t", "main:0.1", "@kra_resume", packed_words({"agent", "", "a b"})});
  world.tmux({"new-window", "-t", "main:5", "sleep 1000"});
  world.tmux({"set-option", "-w", "-t", "main:5", "synchronize-panes", "on"});
  world.tmux({"set-option", "-w", "-t", "main:5", "pane-border-format", "#(touch canary)"});
  world.tmux({"select-window", "-t", "main:0"});
  world.tmux({"resize-pane", "-Z", "-t", "main:0.1"});
  const auto live = read(world);
  CHECK(live.pid > 0);
  CHECK(live.start_time > 0);
  REQUIRE(live.sessions.size() == 1);
  const auto& main = live.sessions[0];
  CHECK(main.session.path == world.scratch.path());
  CHECK(main.session.width == 200);
  REQUIRE(main.windows.size() == 2);
  const auto& first = main.windows[0];
  CHECK(first.window.name == "first");
  CHECK(first.window.automatic_rename == "off");
  CHECK((first.window.active && first.window.zoomed));
  CHECK(first.window.last_pane == 0);
  CHECK(first.window.layout.ends_with("200x50,0,0[200x25,0,0,0,200x24,0,26,1]"));
  CHECK(first.window.options.empty());
  REQUIRE(first.panes.size() == 2);
  CHECK(first.panes[0].pane.command == std::vector<std::string>{"sleep", "1000"});
  CHECK(first.panes[1].pane.command == std::vector<std::string>{"sh", "-c", "echo \"$0\"; sleep 1000", "a;b"});
  CHECK(first.panes[1].pane.resume == std::vector<std::string>{"agent", "", "a b"});
  const auto& second = main.windows[1];
  CHECK(second.window.index == 5);
  CHECK(second.window.last);
  CHECK(second.window.automatic_rename.empty());
  // A format with a job in it is code.
  CHECK(second.window.options == std::vector<Option>{{"synchronize-panes", "on"}});
  CHECK(second.panes[0].pane.command == std::vector<std::string>{"sleep 1000"});
}

TEST_CASE("groups and links are numbered alike") {
  TmuxWorld world;
  world.start();
  world.tmux({"new-window", "-d", "-t", "main:1"});
  world.tmux({"new-session", "-d", "-s", "other"});
  world.tmux({"link-window", "-d", "-s", "main:1", "-t", "other:7"});
  world.tmux({"new-session", "-d", "-s", "third", "-t", "other"});
  const auto live = read(world);
  CHECK(session(live, "main").windows[0].window.link == 0);
  CHECK(session(live, "main").windows[1].window.link == 1);
  CHECK(session(live, "other").windows[0].window.link == 2);
  CHECK(session(live, "other").windows[1].window.link == 1);
  CHECK(session(live, "third").session.group == "other");
  CHECK(session(live, "third").windows[1].window.link == 1);
  CHECK(session(live, "third").windows[1].panes.size() == 1);
}

TEST_CASE("the default command is no command of a pane") {
  TmuxWorld world;
  world.start();
  CHECK(read(world).sessions[0].windows[0].panes[0].pane.command.empty());
}

TEST_CASE("hooks that were wiped or shadowed are missed and put back") {
  TmuxWorld world;
  world.start();
  CHECK(read(world).missing_hooks.empty());
  world.tmux({"set-hook", "-g", "window-renamed[3]", "display-message theirs"});
  source(world, hook_commands());
  CHECK(read(world).missing_hooks.empty());
  world.tmux({"set-hook", "-g", "session-renamed", "display-message theirs"});
  world.tmux({"set-hook", "-t", "main", "client-detached", "display-message theirs"});
  world.tmux({"set-hook", "-w", "-t", "main:0", "window-renamed", "display-message theirs"});
  world.tmux({"set-hook", "-p", "-t", "main:0.0", "pane-exited", "display-message theirs"});
  const auto live = read(world);
  CHECK(live.missing_hooks.size() == 4);
  REQUIRE(mend_hooks(world.server, live, soon()));
  CHECK(read(world).missing_hooks.empty());
  CHECK(world.tmux({"show-hooks", "-g", "session-renamed"}).find("theirs") != std::string::npos);
  CHECK(world.tmux({"show-hooks", "-p", "-t", "main:0.0", "pane-exited"}).find("theirs") != std::string::npos);

  source(world, unhook_commands());
  CHECK(world.tmux({"show-options", "-gH"}).find(hook_action) == std::string::npos);
  CHECK(world.tmux({"show-options", "-gwH"}).find(hook_action) == std::string::npos);
  CHECK(world.tmux({"show-options", "-gwH"}).find("window-renamed[3]") != std::string::npos);
  CHECK(read(world).missing_hooks.empty());
}

TEST_CASE("names come back as they were given") {
  TmuxWorld world;
  world.start();
  for (const auto& text : hostile_texts()) {
    if (text.size() > 1000) continue;
    TmuxScript script;
    script.command_with("held", {"rename-window", "-t", "main:0", "\x01"}).command_with(text, {"rename-window", "-t", "main:0", "\x01"});
    auto said = run_script(world.server, script, false, soon());
    REQUIRE(said);
    // Newer releases refuse some names.
    CHECK(read(world).sessions[0].windows[0].window.name == (said->errors.empty() ? text : "held"));
  }
}

TEST_CASE("an active session is that of the last client, or what was restored") {
  TmuxWorld world;
  world.start();
  CHECK(read(world).active_session.empty());
  world.tmux({"set-option", "-g", "@kra_active", "a  'b'"});
  world.tmux({"set-option", "-g", "@kra_restoring", "123"});
  world.tmux({"set-option", "-g", "status-right", "#{@kra_status}"});
  const auto live = read(world);
  CHECK(live.active_session == "a  'b'");
  CHECK(live.restoring == "123");
  CHECK(live.shows_status);
  CHECK_FALSE(live.attached);
}

TEST_CASE("a server of another release is there, and not to be talked with") {
  TmuxWorld world;
  world.server.program = world.scratch / "tmux";
  for (const char* said : {"server version is too old for client", "protocol version mismatch (client 8, server 7)"}) {
    std::ofstream(world.server.program) << "#!/bin/sh\necho '" << said << "' >&2\nexit 1\n";
    std::filesystem::permissions(world.server.program, std::filesystem::perms::owner_all);
    auto live = read_server(world.server, soon());
    REQUIRE_FALSE(live);
    CHECK(live.error().fault == Fault::refused);
    CHECK(live.error().what.find("first in PATH") != std::string::npos);
  }
}

TEST_CASE("no server, no snapshot") {
  TmuxWorld world;
  CHECK(read_server(world.server, soon()).error().fault == Fault::unavailable);
  world.server.program = "/nowhere/tmux";
  CHECK(read_server(world.server, soon()).error().fault == Fault::not_found);
}

TEST_CASE("packed words") {
  const std::vector<std::string> words{"a b", "", "\xff\x01"};
  CHECK(unpacked_words(packed_words(words)) == words);
  CHECK(unpacked_words("").empty());
  CHECK(unpacked_words("61").empty());
  CHECK(unpacked_words("6x00").empty());
}
