#include "engine/sync.hpp"

#include <fcntl.h>

#include "base/fd.hpp"
#include "engine/sync_branch.hpp"
#include "engine/sync_guard.hpp"
#include "engine/sync_remote.hpp"
#include "tests/native/sync_devices.hpp"

using namespace kra;

TEST_CASE("what one device writes comes to the other", "[sync]") {
  for (const char* mode : {"shadow", "track"}) {
    INFO(mode);
    Devices devices(mode);
    devices.a.write("f", "ONE\ntwo\nthree\nfour\nfive\n"), devices.a.write("new/file", "n\n");
    devices.b.write("f", "one\ntwo\nthree\nfour\nFIVE\n"), devices.b.remove("dir");
    auto report = devices.sync(devices.a);
    INFO(report.state << ": " << report.why);
    CHECK(report.state == "synced");
    report = devices.sync(devices.b);
    CHECK(report.state == "synced");
    CHECK(report.pulled == 2);
    devices.sync(devices.a);
    CHECK(devices.a.read("f") == "ONE\ntwo\nthree\nfour\nFIVE\n");
    CHECK(!devices.a.has("dir"));
    INFO(difference(devices.a.manifest(false), devices.b.manifest(false)));
    CHECK(devices.same());
    CHECK(devices.sync(devices.a).state == "nothing");
    CHECK(devices.sync(devices.b).state == "nothing");
  }
}

TEST_CASE("shadow leaves branch and index alone, track moves both", "[sync]") {
  Devices shadow;
  shadow.b.write("f", "other\n");
  shadow.sync(shadow.b);
  const auto index = shadow.a.read(".git/index"), refs = shadow.a.git({"for-each-ref"});
  shadow.sync(shadow.a);
  CHECK(shadow.a.read("f") == "other\n");
  CHECK(shadow.a.read(".git/index") == index);
  CHECK(shadow.a.git({"for-each-ref"}) == refs);

  Devices track("track");
  track.b.write("f", "other\n"), track.b.write("new", "n\n"), track.b.remove("dir");
  track.sync(track.b);
  CHECK(track.b.git({"status", "--porcelain"}).empty());
  track.sync(track.a);
  CHECK(track.a.git({"status", "--porcelain"}).empty());
  CHECK(track.a.git({"log", "-1", "--format=%an"}) == "A\n");
  CHECK(track.a.git({"rev-parse", "main"}) == track.b.git({"rev-parse", "main"}));
  CHECK(track.a.git({"fsck", "--full"}).empty());
  CHECK(track.a.git({"reflog", "-1", "--format=%gs"}) == "kra: manual\n");
}

TEST_CASE("a git that was killed with its sync is in nobody's way", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a);
  const auto place = find_repository(devices.a.disk, devices.a.root);
  const auto left = sync_directory(devices.a.paths, place->root) + "/objects.git/left.lock", half = place->git + "/kra/locks/0123.lock";
  REQUIRE(devices.a.disk.replace(left, ""));
  REQUIRE(devices.a.disk.make_directory(place->git + "/kra/locks"));
  REQUIRE(devices.a.disk.replace(half, ""));
  REQUIRE(devices.a.disk.replace(sync_directory(devices.a.paths, place->root) + "/unclean", ""));
  devices.b.write("f", "other\n");
  devices.sync(devices.b);
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(devices.a.git({"status", "--porcelain"}).empty());
  CHECK_FALSE(devices.a.disk.info(left).ok());
  CHECK_FALSE(devices.a.disk.info(half).ok());
}

TEST_CASE("what was never whole is nobody's version", "[sync]") {
  Devices devices;
  devices.sync(devices.a);
  // As a full disk or a SIGKILL leaves it.
  devices.a.write(".git/kra/slots/0123.new", "half a f");
  CHECK(devices.sync(devices.a).state == "nothing");
  CHECK(!devices.a.has(".git/kra/slots/0123.new"));
  auto store = devices.a.store();
  CHECK(list_refs(store.git(), "refs/kra/recovered/", git_patience())->empty());
}

TEST_CASE("what somebody is writing is not deleted", "[sync]") {
  Devices devices;
  devices.settle();
  devices.a.write("f", "half");
  {
    const Fd writer(::open((devices.a.root + "/f").c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(writer);
    devices.sync(devices.a), devices.sync(devices.b);
    CHECK(devices.b.read("f") == "one\ntwo\nthree\nfour\nfive\n");
  }
  devices.sync(devices.a), devices.sync(devices.b);
  CHECK(devices.b.read("f") == "half");
}

TEST_CASE("two versions of one line: both are kept, the same on every device", "[sync]") {
  Devices devices;
  devices.a.write("f", "from a\n"), devices.b.write("f", "from b\n");
  devices.sync(devices.a);
  const auto report = devices.sync(devices.b);
  REQUIRE(report.conflicts.size() == 1);
  CHECK(report.conflicts[0].copy.starts_with("f.conflict-dev-a-"));
  CHECK(devices.b.read("f") == "from b\n");
  CHECK(devices.b.read(report.conflicts[0].copy) == "from a\n");
  devices.settle();
  CHECK(devices.same());
  CHECK(devices.a.read("f") == "from b\n");
  std::size_t files = 0;
  for (const auto& [path, what] : devices.a.manifest(false)) files += path.find("conflict") != std::string::npos;
  CHECK(files == 1);

  auto store = devices.b.store();
  const auto list = list_conflicts(store, git_patience());
  REQUIRE(list->size() == 1);
  REQUIRE(take_side(store, list->front(), Choice::theirs, git_patience()));
  CHECK(devices.b.read("f") == "from a\n");
  CHECK(!devices.b.has(list->front().copy));
  CHECK(list_conflicts(store, git_patience())->empty());
}

TEST_CASE("a strategy for each glob", "[sync]") {
  struct Row {
    const char *strategy, *here, *there;
  };
  for (const auto& row : {Row{"ours", "from b\n", "from b\n"}, Row{"theirs", "from a\n", "from a\n"}, Row{"union", "from b\nfrom a\n", "from b\nfrom a\n"},
                          Row{"markers", "<<<<<<< here\nfrom b\n=======\nfrom a\n>>>>>>> dev-a\n", "<<<<<<< here\nfrom b\n=======\nfrom a\n>>>>>>> dev-a\n"},
                          Row{"manual", "from b\n", "from a\n"}}) {
    INFO(row.strategy);
    Devices devices;
    devices.settings.sync.conflict = {{"f", row.strategy}};
    devices.a.write("f", "from a\n"), devices.b.write("f", "from b\n");
    devices.sync(devices.a);
    const auto report = devices.sync(devices.b);
    CHECK(report.conflicts.size() == 1);
    devices.settle();
    CHECK(devices.b.read("f") == row.here);
    CHECK(devices.a.read("f") == row.there);
    auto store = devices.b.store();
    CHECK(list_conflicts(store, git_patience())->size() == 1);
  }
}

TEST_CASE("a conflict that waits for a decision", "[sync]") {
  Devices devices;
  devices.settings.sync.conflict = {{"**", "manual"}};
  devices.a.write("f", "from a\n"), devices.b.write("f", "from b\n"), devices.b.write("else", "e\n");
  devices.sync(devices.a);
  CHECK(devices.sync(devices.b).state == "pending");
  devices.sync(devices.a);
  CHECK(devices.a.read("else") == "e\n");
  {
    auto store = devices.b.store();
    const auto list = list_conflicts(store, git_patience());
    REQUIRE(list->size() == 1);
    REQUIRE(take_side(store, list->front(), Choice::ours, git_patience()));
  }
  CHECK(devices.sync(devices.b).state == "synced");
  devices.sync(devices.a);
  CHECK(devices.a.read("f") == "from b\n");
  CHECK(devices.same());
}

TEST_CASE("deleted here and changed there, directory here and file there", "[sync]") {
  Devices devices;
  devices.a.remove("f"), devices.b.write("f", "changed\n");
  devices.a.write("x", "a file\n"), devices.b.write("x/y", "in a directory\n");
  devices.a.write("m", "mode\n");
  devices.settle();
  CHECK(devices.a.read("f") == "changed\n");
  CHECK(devices.a.read("x/y") == "in a directory\n");
  INFO(difference(devices.a.manifest(false), devices.b.manifest(false)));
  CHECK(devices.same());
  ::chmod(devices.a.at("m").c_str(), 0755), ::symlink("f", devices.b.at("link").c_str());
  devices.settle();
  CHECK(devices.same());
}

TEST_CASE("the rules of a repository's state", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a);
  devices.a.write("f", "staged\n"), devices.a.git({"add", "f"});
  auto beside = devices.sync(devices.a);
  CHECK(beside.state == "waiting");
  CHECK(beside.why.ends_with("changes are staged: commit or unstage them"));
  CHECK(devices.remote_git({"show", "refs/kra/dev/dev-a/main:f"}) == "staged\n");
  CHECK(devices.remote_git({"show", "main:f"}) != "staged\n");
  CHECK(devices.a.git({"diff", "--cached", "--name-only"}) == "f\n");
  CHECK(devices.sync(devices.a, {.push = false}).state == "held");
  devices.a.git({"commit", "-qm", "mine"});
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(devices.a.git({"rev-parse", "main"}) == devices.a.git({"--git-dir", devices.remote / "r.git", "rev-parse", "main"}));
  devices.a.git({"checkout", "-q", "--detach"});
  CHECK(devices.sync(devices.a).why == "HEAD is on no branch");
  devices.a.write("f", "off any branch\n");
  CHECK(devices.sync(devices.a).state == "waiting");
  CHECK(devices.remote_git({"show", "refs/kra/dev/dev-a/HEAD:f"}) == "off any branch\n");
  devices.a.git({"checkout", "-q", "-f", "-b", "other"}), devices.a.write("f", "on another\n");
  beside = devices.sync(devices.a);
  CHECK(beside.why.ends_with("the branch is other, sync moves main"));
  CHECK(devices.remote_git({"show", "refs/kra/dev/dev-a/other:f"}) == "on another\n");
  devices.a.git({"checkout", "-q", "-f", "main"}), devices.a.write(".git/MERGE_HEAD", "0000\n");
  const auto held = devices.sync(devices.a);
  CHECK(held.why == "a merge is unfinished");
  CHECK(!held.snapshot.empty());
}

TEST_CASE("guards hold, a plan writes nothing", "[sync]") {
  Devices devices;
  for (int n = 0; n < 30; ++n) devices.a.write(cat("many/", n), cat(n, "\n"));
  devices.settle();
  devices.a.remove("many");
  CHECK(devices.sync(devices.a).state == "held");
  CHECK(devices.b.has("many/3"));
  devices.b.write("f", "other\n"), devices.sync(devices.b);
  const auto before = devices.a.manifest();
  const auto plan = devices.sync(devices.a, {.plan = true, .confirmed = true});
  CHECK(plan.writes.size() == 1);
  CHECK(plan.pushes.size() == 30);
  CHECK(difference(before, devices.a.manifest()).empty());
  CHECK(devices.sync(devices.a, {.confirmed = true}).state == "synced");

  devices.a.write("key.pem", "secret\n"), devices.a.write("plain", "-----BEGIN RSA PRIVATE KEY-----\n"), devices.a.write("ok", "fine\n");
  const auto report = devices.sync(devices.a);
  CHECK(report.held.size() == 2);
  devices.sync(devices.b, {.confirmed = true});
  CHECK(devices.b.has("ok"));
  CHECK(!devices.b.has("key.pem"));
}

TEST_CASE("history that was rewritten is not followed by itself", "[sync]") {
  Devices devices("track");
  devices.a.write("f", "2\n"), devices.sync(devices.a), devices.sync(devices.b);
  devices.a.git({"push", "-qf", "origin", "main~1:main"});
  CHECK(devices.sync(devices.b).state == "held");
  CHECK(devices.sync(devices.b, {.confirmed = true}).state == "synced");
}

TEST_CASE("a remote that is not there costs nothing", "[sync]") {
  Devices devices;
  std::filesystem::rename(devices.remote / "r.git", devices.remote / "away.git");
  devices.a.write("f", "offline\n");
  CHECK(devices.sync(devices.a).state == "offline");
  std::filesystem::rename(devices.remote / "away.git", devices.remote / "r.git");
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(trouble_of("fatal: Authentication failed for 'https://x'") == RemoteTrouble::refused_access);
  CHECK(trouble_of("remote: error: pre-receive hook declined") == RemoteTrouble::refused_hook);
  CHECK(trouble_of("error: remote unpack failed: unable to create temporary object directory") == RemoteTrouble::refused_access);
  CHECK(trouble_of("remote: error: insufficient permission for adding an object") == RemoteTrouble::refused_access);
}

TEST_CASE("a remote that refuses is told in its own words", "[sync]") {
  Devices devices;
  devices.sync(devices.a);
  const auto hook = devices.remote / "r.git/hooks/pre-receive";
  std::filesystem::create_directories(devices.remote / "r.git/hooks");
  std::ofstream(hook) << "#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n";
  ::chmod(hook.c_str(), 0755);
  devices.a.write("f", "refused\n");
  const auto report = devices.sync(devices.a);
  CHECK(report.state == "hook");
  CHECK(report.why == "[remote rejected] (pre-receive hook declined): not on a Friday");
  CHECK(devices.a.read("f") == "refused\n");
  std::filesystem::remove(hook);
  CHECK(devices.sync(devices.a).state == "synced");
}

TEST_CASE("an unattended sync of many files leaves the branch alone", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a);
  for (int n = 0; n < 12; ++n) devices.a.write(cat("n", n), "x\n");
  const auto report = devices.sync(devices.a, {.reason = "scheduled"});
  CHECK(report.state == "waiting");
  CHECK(devices.a.git({"--git-dir", devices.remote / "r.git", "for-each-ref", "--format=%(refname)"}).find("refs/kra/dev/dev-a/main") != std::string::npos);
  CHECK(devices.sync(devices.a).state == "synced");
}

TEST_CASE("names and links that lead elsewhere", "[sync]") {
  for (const char* bad : {".git/config", "a/.GIT/x", ".git./x", "git~1/x", "..", "a/../b", "a//b", ".g\xe2\x80\x8cit/x", ".git::$INDEX/x"}) CHECK(!wrong_name(bad).empty());
  for (const char* good : {".gitignore", "a/b", "git", "a.git"}) CHECK(wrong_name(good).empty());
  CHECK(leads_out("a/link", "../../x"));
  CHECK(leads_out("link", "/etc/passwd"));
  CHECK(leads_out("link", ".git/hooks"));
  CHECK(!leads_out("a/link", "../x"));
}

TEST_CASE("trust ends when the settings change", "[sync]") {
  Devices devices;
  devices.sync(devices.a);
  devices.a.git({"config", "branch.other.remote", "origin"});
  auto place = find_repository(devices.a.disk, devices.a.root);
  CHECK(read_record(devices.a.disk, devices.a.paths, *place));
  devices.a.git({"config", "core.fsmonitor", "/bin/evil"});
  place = find_repository(devices.a.disk, devices.a.root);
  CHECK(read_record(devices.a.disk, devices.a.paths, *place).error().fault == Fault::conflict);
}

TEST_CASE("what git converts is left alone", "[sync]") {
  Devices devices;
  devices.a.write(".gitattributes", "*.txt text eol=crlf\n*.big filter=lfs\n");
  devices.a.write("a.txt", "one\r\n"), devices.a.write("b.big", "b\n"), devices.a.write("c", "c\r\n");
  const auto report = devices.sync(devices.a);
  CHECK(report.held.size() == 2);
  devices.sync(devices.b);
  CHECK(devices.b.read("c") == "c\r\n");
  CHECK(!devices.b.has("a.txt"));
}

TEST_CASE("what a sparse checkout leaves out is neither deleted nor brought back", "[sync]") {
  Devices devices("track");
  devices.a.git({"sparse-checkout", "set", "--no-cone", "/f"});
  REQUIRE(!devices.a.has("dir/g"));
  devices.a.write("f", "changed\n"), devices.sync(devices.a), devices.sync(devices.b);
  CHECK(devices.b.read("dir/g") == "g\n");
  devices.b.write("dir/g", "new\n"), devices.sync(devices.b);
  CHECK(devices.sync(devices.a).conflicts.empty());
  CHECK(!devices.a.has("dir/g"));
  CHECK(devices.a.git({"show", "HEAD:dir/g"}) == "new\n");
  CHECK(devices.a.git({"status", "--porcelain"}).empty());
  CHECK(devices.sync(devices.a).state == "nothing");
}
