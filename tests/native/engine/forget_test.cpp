// After `forget` no byte of the file's name, and none of its text, is anywhere in the state.
#include "engine/forget.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "engine/audit.hpp"
#include "engine/edit_notes.hpp"
#include "engine/history.hpp"

using namespace kra;

namespace {

const std::string secret = "/home/me/diary/monday.txt";

std::vector<std::string> files_with(const std::string& root, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    if (bytes.str().find(text) != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

Workspace workspace(int number) {
  Workspace made;
  Window window{.name = "w"};
  window.panes.push_back({.title = "vi monday.txt", .cwd = "/home/me/diary", .argv = {"vi", "monday.txt"}, .scrollback = "h-5"});
  window.panes.push_back({.title = secret, .cwd = "/", .argv = {"nvim", secret, "other"}, .editor = "e"});
  window.panes.push_back({.title = "htop", .cwd = "/", .argv = {"htop"}});
  made.sessions.push_back({.name = cat("s", number), .windows = {window}});
  Value buffers = Value::Array{Value::Map{{"path", secret}}, Value::Map{{"path", "/home/me/other"}}};
  made.editors.push_back({.id = "e", .cwd = "/", .buffers = {{secret, true}, {"/home/me/other", false}}, .state = Value::Map{{"buffers", buffers}}});
  return made;
}

}  // namespace

TEST_CASE("a forgotten file is in no save, no contents, no mark, no note and no log") {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  auto patience = Patience::of(Milliseconds(5000));
  for (const auto& directory : {paths.workspaces("server"), paths.undo("server"), paths.sessions() + "/key"})
    for (int number = 1; number <= 3; ++number)
      REQUIRE(History(disk, directory, paths.corrupt()).write("work", workspace(number), {.saved_at = number, .reason = "manual", .message = "before " + secret}, patience).ok());
  for (const auto& [path, bytes] : {std::pair{paths.scrollback() + "/h-5", "$ cat " + secret}, std::pair{paths.scrollback() + "/h-6", std::string("$ ls")},
                                    std::pair{paths.state + "/shada/e.shada", "mark " + secret}, std::pair{paths.state + "/bases/0", "kra base 1\n" + secret + "\n0\n"}, std::pair{paths.corrupt() + "/x.kra", "torn " + secret}}) {
    REQUIRE(disk.make_directory(directory_part(path)).ok());
    REQUIRE(disk.replace(path, bytes).ok());
  }
  note_act(disk, paths, "write", "wrote " + secret);
  note_act(disk, paths, "write", "wrote another");
  EditNote note;
  note.path = secret;
  REQUIRE(add_edit_note(disk, paths, note, patience).ok());
  note.path = "/home/me/other";
  REQUIRE(add_edit_note(disk, paths, note, patience).ok());
  REQUIRE(files_with(paths.state, "monday").size() == 15);

  auto forgotten = forget(disk, paths, secret);
  REQUIRE(forgotten.ok());
  CHECK(forgotten->saves == 9);
  CHECK(forgotten->contents == 1);
  CHECK(forgotten->others == 5);
  CHECK(files_with(paths.state, "monday") == std::vector<std::string>{});
  History history(disk, paths.workspaces("server"), paths.corrupt());
  auto newest = history.newest("work");
  REQUIRE(newest.ok());
  CHECK(newest->stamp.generation == 3);
  const auto& panes = newest->workspace.sessions[0].windows[0].panes;
  CHECK(panes[0].argv.empty());
  CHECK(panes[0].cwd == "/home/me/diary");
  CHECK(panes[1].argv == std::vector<std::string>{"nvim", "other"});
  CHECK(panes[2].argv == std::vector<std::string>{"htop"});
  CHECK(newest->workspace.editors[0].buffers == std::vector<EditorBuffer>{{"/home/me/other", false}});
  const auto findings = history.verify("work");
  REQUIRE(findings.ok());
  for (const auto& finding : *findings) CHECK(finding.trouble.empty());
  CHECK(acts_since(disk, paths, {0})->size() == 1);
  CHECK(edit_notes(disk, paths, {0})->size() == 1);
  CHECK(disk.info(paths.scrollback() + "/h-6").ok());
  CHECK(forget(disk, paths, secret)->saves == 0);
  CHECK_FALSE(forget(disk, paths, "relative").ok());
}
