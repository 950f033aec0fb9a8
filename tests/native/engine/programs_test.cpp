// Which program of a restored pane starts by itself, and what names a stored pane.
#include "engine/programs.hpp"

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "engine/history.hpp"
#include "model/config.hpp"
#include "os/process.hpp"

using namespace kra;

static ProgramChoice choice(std::vector<std::string> argv, bool foreign = false, std::vector<std::string> resume = {}) {
  Pane pane;
  pane.argv = std::move(argv), pane.resume = std::move(resume);
  auto name_of = [](const std::string& program) {
    if (program == "vim") return std::string("vim.basic");
    if (program == "missing") return std::string();
    return program.substr(program.rfind('/') + 1);
  };
  return choose_program(pane, Settings().restore.programs, foreign, name_of);
}

TEST_CASE("programs on the list start with their arguments") {
  for (auto argv : std::vector<std::vector<std::string>>{{"nvim", "a b", "$(c)"}, {"/usr/bin/less", "-R", "x"}, {"vim", "-R", "f"},
                                                         {"tail", "-f", "log"}, {"nvim", "--", "+q", "-c"}, {"nvim", "-u", "NONE", "f"}}) {
    auto chosen = choice(argv);
    CHECK_FALSE(chosen.asks);
    CHECK(chosen.argv == argv);
  }
}

TEST_CASE("arguments that carry code ask") {
  for (const char* word : {"-c", "-cquit", "+q", "+", "--cmd", "--cmd=q", "-S", "-Sfile", "-P", "-Pless", "-Rc", "--pager=x", "--pag=x", "--remote-send"}) {
    INFO(word);
    CHECK(choice({"nvim", "f", word, "g"}).asks);
  }
  CHECK(choice({"nvim", "-s", "keys"}).asks);
  // What Vim sources at its start.
  for (const auto* option : {"-u", "-U", "-i", "-Ru"}) {
    CHECK(choice({"vim", option, "file", "f"}).asks);
    CHECK_FALSE(choice({"vim", option, "NONE", "f"}).asks);
  }
  CHECK(choice({"vim", "-u"}).asks);
  CHECK(choice({"vim", "-Su", "NONE"}).asks);
  CHECK_FALSE(choice({"less", "-i", "f"}).asks);
  CHECK_FALSE(choice({"less", "-s", "f"}).asks);
  CHECK(choice({"less", "-kkeys", "f"}).asks);
  CHECK(choice({"man", "-C", "file", "ls"}).asks);
  CHECK_FALSE(choice({"htop", "-C"}).asks);
}

TEST_CASE("everything else asks and says why") {
  CHECK(choice({"ssh", "host"}).why.find("restore.programs") != std::string::npos);
  CHECK(choice({"missing"}).why.find("not found") != std::string::npos);
  CHECK(choice({"tmux", "attach"}).why.find("inside") != std::string::npos);
  CHECK(choice({"nvim", "f"}, true).asks);
  CHECK(choice({}).argv.empty());
}

TEST_CASE("what a note says starts instead, never from another machine") {
  auto own = choice({"claude"}, false, {"claude", "-c", "42"});
  CHECK(own.argv == std::vector<std::string>{"claude", "-c", "42"});
  CHECK_FALSE(own.asks);
  CHECK(choice({"claude"}, true, {"claude", "42"}).asks);
}

TEST_CASE("an id names a place below the state directory and nothing else") {
  auto id = parse_stored_id("server-1/name-2/12/3");
  REQUIRE(id);
  CHECK((id->generation == 12 && id->number == 3 && !id->undo));
  CHECK(id->text() == "server-1/name-2/12/3");
  CHECK(id->with(-1).text() == "server-1/name-2/12");
  CHECK(parse_stored_id("undo/server/name/1/0")->text() == "undo/server/name/1/0");
  for (const char* bad : {"", "a/b", "../b/1/2", "a/../1/2", "a/b/-1/2", "a/b/x/2", "a/b/1/-2", "a/b/1/2/3/4", "a//1/2", "a/b c/1/2", "a/b/1/99999999999"}) {
    INFO(bad);
    CHECK_FALSE(parse_stored_id(bad));
  }
}

TEST_CASE("a pane's program is read from its generation") {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  History history(disk, paths.workspaces("key"), paths.corrupt());
  Workspace workspace;
  workspace.host = host_name();
  Pane shell, less;
  less.index = 1, less.argv = {"/bin/sh", "-x"}, less.cwd = "/tmp", less.editor = "e1";
  Window window;
  window.panes = {shell, less};
  Session session;
  session.name = "s", session.windows = {window};
  workspace.sessions = {session};
  REQUIRE(history.write("work", workspace, {}, Patience::of(Milliseconds(5000))));
  StoredId base{false, "key", directory_name("work"), 1};

  auto idle = pane_program(disk, paths, base.with(0).text(), {});
  REQUIRE(idle);
  CHECK(idle->argv.empty());
  auto program = pane_program(disk, paths, base.with(1).text(), {});
  REQUIRE(program);
  CHECK(program->argv == less.argv);
  CHECK(program->asks);
  CHECK(program->editor == "e1");
  CHECK(program->generation_id == base.text());
  CHECK(pane_program(disk, paths, base.with(2).text(), {}).error().fault == Fault::not_found);
  base.generation = 2;
  CHECK_FALSE(pane_program(disk, paths, base.with(0).text(), {}));
}
