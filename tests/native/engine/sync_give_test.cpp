// What the user's repository gets of a sync that moves its branch, and how many gits that takes.
#include "engine/sync_give.hpp"

#include <cstdlib>

#include "tests/native/sync_devices.hpp"

using namespace kra;
namespace fs = std::filesystem;

namespace {

// Every git that is started leaves its words in a file, until the end of this.
class CountedGits {
 public:
  CountedGits() : before_(std::getenv("PATH")) {
    fs::create_directory(scratch_ / "bin");
    const auto real = run({.argv = {"sh", "-c", "command -v git"}}, git_patience())->output;
    std::ofstream(scratch_ / "bin/git") << "#!/bin/sh\necho \"$*\" >>" << scratch_ / "log" << "\nexec " << real.substr(0, real.find('\n'))
                                       << " \"$@\"\n";
    fs::permissions(scratch_ / "bin/git", fs::perms::owner_all);
    ::setenv("PATH", cat(scratch_ / "bin", ":", before_).c_str(), 1);
  }
  ~CountedGits() { ::setenv("PATH", before_.c_str(), 1); }
  CountedGits(const CountedGits&) = delete;
  CountedGits& operator=(const CountedGits&) = delete;

  // Since the call before: those whose words hold this.
  int of(const std::string& subcommand) const {
    std::ifstream log(scratch_ / "log");
    int count = 0;
    for (std::string line; std::getline(log, line);) count += line.find(cat(" ", subcommand, " ")) != std::string::npos ? 1 : 0;
    return count;
  }
  void forget() const { std::ofstream(scratch_ / "log") << ""; }

 private:
  Scratch scratch_;
  std::string before_;
};

bool is_whole(GitWorld& world) { return world.git({"fsck", "--full", "--no-dangling"}).empty() && world.git({"status", "--porcelain"}).empty(); }

}  // namespace

TEST_CASE("a little goes into the user's repository without a git of its own", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a), devices.sync(devices.b);
  CountedGits gits;
  devices.a.write("f", "changed\n"), devices.a.write("new/deep/er", "n\n"), devices.a.remove("dir");
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(gits.of("push") == 1);
  CHECK(gits.of("update-index") == 1);
  CHECK(gits.of("pack-objects") == 0);
  CHECK(gits.of("unpack-objects") == 0);
  CHECK(is_whole(devices.a));
  // What others did, too: two commits, one of which joins both sides.
  devices.b.write("b", "b\n"), devices.b.write("f", "of b\n");
  CHECK(devices.sync(devices.b).state != "failed");
  gits.forget();
  devices.sync(devices.a);
  CHECK(gits.of("unpack-objects") == 0);
  CHECK(is_whole(devices.a));
  devices.settle();
  CHECK(is_whole(devices.a));
  CHECK(is_whole(devices.b));
  CHECK(devices.same());
}

TEST_CASE("much goes there as a pack", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a), devices.sync(devices.b);
  for (int n = 0; n < 150; ++n) devices.a.write(cat("many/", n % 7, "/", n), cat(n, "\n"));
  CountedGits gits;
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(gits.of("unpack-objects") > 0);
  CHECK(is_whole(devices.a));
  devices.a.write("large", std::string(3U << 20, 'x'));
  gits.forget();
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(gits.of("unpack-objects") > 0);
  CHECK(is_whole(devices.a));
  devices.settle();
  CHECK(is_whole(devices.b));
  CHECK(devices.same());
}

TEST_CASE("a gc of the user's while a push runs takes nothing that the branch will need", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a);
  devices.a.write("f", "changed\n"), devices.a.write("new/file", "n\n");
  const auto hook = devices.remote / "r.git/hooks/post-receive";
  const auto locks = devices.a.at(".git/kra/locks");
  // The push ends when the move of the branch is ready, and everything that no reference leads to is gone.
  fs::create_directories(fs::path(hook).parent_path());
  std::ofstream(hook) << "#!/bin/sh\ntries=0\nuntil [ $(ls " << locks << " | grep -vc lock) -ge 2 ] || [ $tries -ge 500 ]; do sleep 0.01; tries=$((tries + 1)); done\n"
                      << "unset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\ngit -C " << devices.a.root << " prune --expire=now\n"
                      << "echo done >" << hook << ".ran\n";
  fs::permissions(hook, fs::perms::owner_all);
  const auto report = devices.sync(devices.a);
  INFO(report.why);
  CHECK(report.state == "synced");
  CHECK(fs::exists(hook + ".ran"));
  CHECK(is_whole(devices.a));
}

TEST_CASE("a push that is refused leaves neither branch, index nor anything of ours behind", "[sync]") {
  Devices devices("track");
  devices.sync(devices.a);
  const auto hook = devices.remote / "r.git/hooks/pre-receive";
  fs::create_directories(fs::path(hook).parent_path());
  std::ofstream(hook) << "#!/bin/sh\nexit 1\n";
  fs::permissions(hook, fs::perms::owner_all);
  const auto index = devices.a.read(".git/index"), head = devices.a.git({"rev-parse", "HEAD"});
  devices.a.write("f", "changed\n");
  CHECK(devices.sync(devices.a).state == "hook");
  CHECK(devices.a.read(".git/index") == index);
  CHECK(devices.a.git({"rev-parse", "HEAD"}) == head);
  CHECK(fs::is_empty(devices.a.at(".git/kra/locks")));
  CHECK_FALSE(fs::exists(sync_directory(devices.a.paths, devices.a.root) + "/index-pending"));
  fs::remove(hook);
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(is_whole(devices.a));
}
