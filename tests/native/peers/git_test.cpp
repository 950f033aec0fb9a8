#include "peers/git.hpp"

#include <filesystem>

#include "base/text.hpp"
#include "os/command.hpp"
#include "peers/git_run.hpp"
#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"

using namespace kra;

namespace {

void git(const std::string& directory, std::vector<std::string> words) {
  words.insert(words.begin(), {"git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main", "-c",
                               "protocol.file.allow=always"});
  auto outcome = run({.argv = words, .environment = {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}, .directory = directory},
                     Patience::of(Milliseconds(20'000)));
  REQUIRE(outcome);
  INFO(outcome->errors);
  REQUIRE(outcome->status == 0);
}

}  // namespace

TEST_CASE("a directory's repository is found without git") {
  Scratch scratch;
  SystemDisk disk;
  const auto top = scratch / "a b";
  std::filesystem::create_directories(top + "/sub/deep");
  git(top, {"init", "-q"});
  git(top, {"remote", "add", "origin", "https://me:token@example.org/x.git"});
  const Repository expected{"https://example.org/x.git", "main", top};
  Repositories repositories(disk);
  CHECK(repositories.of(top + "/sub/deep") == std::vector<Repository>{expected});
  CHECK(repositories.of(top) == std::vector<Repository>{expected});
  CHECK(repositories.of(scratch.path()).empty());
  CHECK(repositories.of("/").empty());
  CHECK(repositories.of("").empty());
  CHECK(repositories.of("relative").empty());
}

TEST_CASE("the branch's own remote, a detached head") {
  Scratch scratch;
  SystemDisk disk;
  git(scratch.path(), {"init", "-q"});
  git(scratch.path(), {"commit", "-q", "--allow-empty", "-m", "x"});
  git(scratch.path(), {"remote", "add", "origin", "o"});
  git(scratch.path(), {"remote", "add", "my.other", "git@example.org:x \"y\".git"});
  git(scratch.path(), {"checkout", "-q", "-b", "feature/\"A.b\""});
  git(scratch.path(), {"config", "branch.feature/\"A.b\".remote", "my.other"});
  CHECK(Repositories(disk).of(scratch.path()) == std::vector<Repository>{{"git@example.org:x \"y\".git", "feature/\"A.b\"", scratch.path()}});
  git(scratch.path(), {"checkout", "-q", "--detach"});
  CHECK(Repositories(disk).of(scratch.path()) == std::vector<Repository>{{"o", "", scratch.path()}});
}

TEST_CASE("linked work trees and submodules") {
  Scratch scratch;
  SystemDisk disk;
  std::filesystem::create_directories(scratch / "main");
  git(scratch / "main", {"init", "-q"});
  git(scratch / "main", {"commit", "-q", "--allow-empty", "-m", "x"});
  git(scratch / "main", {"remote", "add", "origin", "o"});
  git(scratch / "main", {"worktree", "add", "-q", "-b", "side", scratch / "linked"});
  CHECK(Repositories(disk).of(scratch / "linked") == std::vector<Repository>{{"o", "side", scratch / "linked"}});
  std::filesystem::create_directories(scratch / "super");
  git(scratch / "super", {"init", "-q"});
  git(scratch / "super", {"submodule", "--quiet", "add", scratch / "main", "module"});
  CHECK(Repositories(disk).of(scratch / "super/module") == std::vector<Repository>{{scratch / "main", "main", scratch / "super/module"}});
}

TEST_CASE("what is no repository does no harm") {
  Scratch scratch;
  SystemDisk disk;
  std::filesystem::create_directories(scratch / "empty/.git");
  std::filesystem::create_directories(scratch / "file");
  REQUIRE(disk.create(scratch / "file/.git", "gitdir: /nowhere\n"));
  std::filesystem::create_directories(scratch / "odd");
  REQUIRE(disk.create(scratch / "odd/.git", std::string(100, '\0')));
  CHECK(Repositories(disk).of(scratch / "empty").empty());
  CHECK(Repositories(disk).of(scratch / "file").empty());
  CHECK(Repositories(disk).of(scratch / "odd").empty());
}

TEST_CASE("settings of git are read as git reads them") {
  const std::string config =
      "# [remote \"origin\"]\n[core]\n\tbare = false ; x\n[Remote \"ori\\\"gin\"] ; comment\n URL = \"a b\"  # c\n url = c\\\n d\\te\n[remote.old]\nurl=x  y  \n"
      "[remote \"empty\"]\nurl\n[remote \"origin\"]\n\turl = last\n[remote \"origin\"";
  CHECK(git_setting(config, "remote.ori\"gin.url") == "c d\te");
  CHECK(git_setting(config, "core.bare") == "false");
  CHECK(git_setting(config, "remote.old.url") == "x  y");
  CHECK(git_setting(config, "remote.empty.url").empty());
  CHECK(git_setting(config, "remote.origin.url") == "last");
  CHECK(git_setting("[", "a.b").empty());
  CHECK(git_setting("= x", "a.b").empty());
}

TEST_CASE("a git that was killed has not said no") {
  Scratch scratch;
  git(scratch.path(), {"init", "-q", "--bare", scratch / "r.git"});
  const auto outcome = Git(scratch / "r.git").run({.arguments = {"-c", "alias.die=!kill -9 $PPID", "die"}}, Patience::of(Milliseconds(20'000)));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().what.find("killed") != std::string::npos);
}

TEST_CASE("a remote tells no secret") {
  CHECK(without_credentials("https://token@example.org/a@b") == "https://example.org/a@b");
  CHECK(without_credentials("https://u:p@w@example.org/a") == "https://example.org/a");
  CHECK(without_credentials("ssh://git@example.org/a") == "ssh://git@example.org/a");
  CHECK(without_credentials("ssh://git:pw@example.org") == "ssh://example.org");
  CHECK(without_credentials("git@example.org:a") == "git@example.org:a");
  CHECK(without_credentials("/a/b@c") == "/a/b@c");
  CHECK(without_credentials("https://example.org/@a") == "https://example.org/@a");
}
