#include "tests/native/peers/tmux_world.hpp"

using namespace kra;

// What a pane's program wrote into a file of the world that it moved into place when it was complete.
static const std::string write_words = "printf '%s' \"$0\" >\"$1.part\"; mv \"$1.part\" \"$1\"";

TEST_CASE("an argument of a pane's program arrives byte for byte") {
  TmuxWorld world;
  world.start();
  int number = 0;
  TmuxScript script;
  for (const auto& text : hostile_texts()) {
    script.command_running("/", {"new-window", "-d", "-c", "\x01"}, {"sh", "-c", write_words, text, world.scratch / cat("out", number++)});
  }
  auto said = run_script(world.server, script, false, soon());
  REQUIRE(said);
  CHECK(said->errors.empty());
  number = 0;
  for (const auto& text : hostile_texts()) CHECK(awaited(world.scratch / cat("out", number++)) == text);
  CHECK_FALSE(std::filesystem::exists(world.scratch / "canary"));
}

TEST_CASE("a directory of any name is started in") {
  TmuxWorld world;
  world.start();
  int number = 0;
  TmuxScript script;
  std::vector<std::string> directories;
  for (auto text : hostile_texts()) {
    std::replace(text.begin(), text.end(), '/', '_');
    directories.push_back(world.scratch / cat("D", text.substr(0, 240)));
    std::filesystem::create_directory(directories.back());
    script.command_running(directories.back(), {"new-window", "-d", "-c", "\x01"},
                           {"sh", "-c", "pwd -P >\"$1.part\"; mv \"$1.part\" \"$1\"", "sh", world.scratch / cat("out", number++)});
  }
  REQUIRE(run_script(world.server, script, false, soon()));
  number = 0;
  for (const auto& directory : directories) CHECK(awaited(world.scratch / cat("out", number++)) == directory + "\n");
}

TEST_CASE("a title is set, never expanded") {
  TmuxWorld world;
  world.start();
  for (const std::string text : {"#(touch canary)", "#{pid}", "50%d", "a;", "\"'", "~", "$HOME", "{x", "\xc3\xa9"}) {
    TmuxScript script;
    script.command_with(text, {"select-pane", "-t", "main:0", "-T", "\x01"}).command({"display-message", "-p", "-t", "main:0", "#{pane_title}"});
    auto said = run_script(world.server, script, false, soon());
    REQUIRE(said);
    CHECK(said->output == text + "\n");
  }
  CHECK(world.tmux({"show-options", "-gqv", "@kra_x"}).empty());
}

TEST_CASE("a refused command costs only itself") {
  TmuxWorld world;
  world.start();
  TmuxScript script;
  script.command({"rename-window", "-t", "@99", "x"}).command({"new-window", "-d", "-P", "-F", "#{window_index}"});
  auto said = run_script(world.server, script, false, soon());
  REQUIRE(said);
  CHECK(said->output == "1\n");
  CHECK(said->errors.find("@99") != std::string::npos);
}

TEST_CASE("a script can start the server, and says when there is none") {
  TmuxWorld world;
  TmuxScript script;
  script.command_with("a b", {"new-session", "-d", "-P", "-F", "#{session_name}", "-s", "\x01"});
  CHECK(run_script(world.server, script, false, soon()).error().fault == Fault::unavailable);
  auto said = run_script(world.server, script, true, soon());
  REQUIRE(said);
  CHECK(said->output == "a b\n");
}

TEST_CASE("one word is executed, not read by a shell") {
  TmuxWorld world;
  world.start();
  const auto program = world.scratch / "a $(touch canary); b=c";
  std::ofstream(program) << "#!/bin/sh\n: >'" << world.scratch.path() << "/ran'\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  TmuxScript script;
  script.command_running("/", {"new-window", "-d", "-c", "\x01"}, {program});
  REQUIRE(run_script(world.server, script, false, soon()));
  awaited(world.scratch / "ran");
  CHECK(std::filesystem::exists(world.scratch / "ran"));
  CHECK_FALSE(std::filesystem::exists(world.scratch / "canary"));
}
