// Files that come in and do not fit here: names that are one on some systems, what a filter would make of them, their size.
#include "engine/sync_names.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/native/sync_devices.hpp"

using namespace kra;

namespace {

std::map<std::string, std::string> left_of(const SyncReport& report) {
  std::map<std::string, std::string> left;
  for (const auto& path : report.left) left[path.path] = path.why;
  return left;
}

}  // namespace

TEST_CASE("names that differ in case or composition wait, the first of them comes", "[sync]") {
  for (const char* mode : {"shadow", "track"}) {
    INFO(mode);
    Devices devices(mode);
    devices.a.write("README", "large\n"), devices.a.write("readme", "small\n");
    devices.a.write("\u00fcber", "composed\n"), devices.a.write("u\u0308ber", "decomposed\n");
    devices.a.write("DIR/x", "in another directory\n"), devices.a.write("dir/y", "beside g\n");
    devices.sync(devices.a);
    auto report = devices.sync(devices.b);
    CHECK(report.state == "pending");
    const auto left = left_of(report);
    CHECK(left.size() == 3);
    CHECK(left.contains("DIR/x"));
    CHECK(left.contains("readme"));
    CHECK(left.at("\u00fcber") == "on some systems its name is that of u\u0308ber; `kra sync --confirm` takes both");
    CHECK(devices.b.read("README") == "large\n");
    CHECK(devices.b.read("dir/y") == "beside g\n");
    CHECK(!devices.b.has("readme"));
    // What waits is no deletion, and everything else goes on.
    devices.b.write("f", "goes on\n"), devices.sync(devices.b), devices.sync(devices.a);
    CHECK(devices.a.read("readme") == "small\n");
    CHECK(devices.a.read("f") == "goes on\n");
    CHECK(devices.sync(devices.b, {.confirmed = true}).state == "synced");
    devices.settle();
    INFO(difference(devices.a.manifest(false), devices.b.manifest(false)));
    CHECK(devices.same());
    CHECK(devices.sync(devices.b).state == "nothing");
    // Those that are there are nobody's trouble any more.
    devices.a.write("readme", "smaller\n"), devices.a.write("DIR/z", "z\n");
    devices.sync(devices.a);
    CHECK(devices.sync(devices.b).state == "synced");
    CHECK(devices.b.read("readme") == "smaller\n");
  }
}

TEST_CASE("a file that gets another case stands in nobody's way", "[sync]") {
  Devices devices;
  devices.a.git({"mv", "f", "F"}), devices.a.git({"mv", "dir", "Dir"});
  devices.sync(devices.a);
  const auto report = devices.sync(devices.b);
  INFO(report.why);
  CHECK(report.state == "synced");
  CHECK(devices.same());
  CHECK(devices.b.has("Dir/g"));
  CHECK(!devices.b.has("f"));
}

TEST_CASE("which names are in the way of which") {
  std::map<std::string, ScannedFile, std::less<>> files;
  for (const char* path : {"a", "dir.txt", "dir/one", "dir/two/x", "dir0", "Old/x", "old/x"}) files[path] = {};
  const TreeEntry blob{"100644", "1"};
  const auto held = colliding_names({{"A", {}, blob}, {"Dir/new", {}, blob}, {"dir/ONE", {}, blob}, {"dir/TWO/y", {}, blob}, {"dir/two/Y", {}, blob}, {"dir/two/y", {}, blob},
                                     {"dir.TXT", {}, {}}, {"old/y", {}, blob}, {"n", {}, blob}},
                                    files);
  std::string paths;
  for (const auto& [path, why] : held) paths += path + " ";
  CHECK(paths == "A Dir/new dir/ONE dir/TWO/y dir/two/y ");
  CHECK(colliding_names({{"A", {}, blob}, {"a", blob, {}}}, files).empty());
}

TEST_CASE("files above 10 MB are pushed and named", "[sync]") {
  Devices devices;
  { std::ofstream(devices.a.at("large")).seekp((12 << 20) - 1).put('x'); }
  devices.a.write("small", "s\n");
  auto report = devices.sync(devices.a);
  CHECK(report.state == "synced");
  REQUIRE(report.large.size() == 1);
  CHECK(report.large[0].path == "large");
  CHECK(report.large[0].why == "12 MB");
  CHECK(devices.sync(devices.a).large.empty());
  CHECK(devices.sync(devices.b).large.empty());
  CHECK(devices.same());
}

// git-lfs: what is committed is a pointer, and a filter makes the file of it.
TEST_CASE("what a filter stands before is neither committed raw nor written raw", "[sync]") {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
  for (const char* mode : {"shadow", "track"}) {
    INFO(mode);
    Devices devices(mode);
    for (auto* world : {&devices.a, &devices.b}) {
      world->git({"config", "filter.lfs.clean", "sed s/^real://"});
      world->git({"config", "filter.lfs.smudge", "sed s/^/real:/"});
    }
    devices.a.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), devices.a.write("big.bin", "real:version https://git-lfs.github.com/spec/v1\nreal:oid sha256:4d7a\nreal:size 12\n");
    devices.a.commit("with a pointer"), devices.a.git({"push", "-q"});
    CHECK(devices.a.git({"show", "HEAD:big.bin"}) == pointer);
    devices.b.git({"pull", "-q"});
    const auto mine = devices.b.read("big.bin");
    CHECK(mine.starts_with("real:"));
    // A file as old as its index has to be compared, which takes the filter: git does so with its next look.
    const auto seen_by_git = [](GitWorld& world) {
      const timespec times[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
      ::utimensat(AT_FDCWD, world.at("big.bin").c_str(), times, 0);
      world.git({"update-index", "-q", "--refresh"});
    };
    seen_by_git(devices.a), seen_by_git(devices.b);
    devices.settle();
    // What git made of the pointer itself is no change, and nothing to tell.
    CHECK(devices.sync(devices.a).held.empty());
    CHECK(devices.sync(devices.b).held.empty());
    CHECK(devices.sync(devices.b).state == "nothing");
    // The real bytes change on one of them, and nobody's filter runs.
    devices.a.write("big.bin", "real bytes 2\n"), devices.a.write("beside", "b\n");
    const auto report = devices.sync(devices.a);
    REQUIRE(report.held.size() == 1);
    CHECK(report.held[0].why == "git converts it (filter)");
    devices.sync(devices.b);
    CHECK(devices.b.read("big.bin") == mine);
    CHECK(devices.b.read("beside") == "b\n");
    const auto tip = std::string(mode) == "track" ? "main:big.bin" : "refs/kra/sync/main:big.bin";
    CHECK(devices.remote_git({"show", tip}) == pointer);
    // A pointer that comes in is not written over the real bytes either.
    const auto clone = devices.remote / "clone";
    devices.b.git({"clone", "-q", devices.remote / "r.git", clone}), devices.b.git({"config", "user.name", "C"}, clone), devices.b.git({"config", "user.email", "c@c"}, clone);
    std::ofstream(clone + "/big.bin") << "version https://git-lfs.github.com/spec/v1\noid sha256:ffff\nsize 1\n";
    devices.b.git({"commit", "-qam", "another pointer"}, clone), devices.b.git({"push", "-q", "origin", cat("HEAD:", std::string(mode) == "track" ? "main" : "refs/heads/elsewhere")}, clone);
    devices.sync(devices.a);
    CHECK(devices.a.read("big.bin") == "real bytes 2\n");
    if (std::string_view(mode) == "track") {
      CHECK(left_of(devices.sync(devices.b)).contains("big.bin"));
      CHECK(devices.b.read("big.bin") == mine);
      // Until the user's git has made the file of it.
      devices.b.git({"checkout", "-q", "--", "big.bin"});
      CHECK(devices.b.read("big.bin").find("sha256:ffff") != std::string::npos);
      seen_by_git(devices.b);
      const auto after = devices.sync(devices.b);
      CHECK(after.left.empty());
      CHECK(after.state == "nothing");
      CHECK(devices.sync(devices.b).held.empty());
    }
    // A snapshot holds what is on disk.
    auto store = devices.a.store();
    const auto taken = take_snapshot(store, {}, git_patience());
    REQUIRE(taken);
    CHECK(read_blobs(store.git(), {taken->meta.tree + ":big.bin"}, git_patience())->front() == "real bytes 2\n");
  }
}
