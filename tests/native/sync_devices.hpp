// Two devices that share a bare remote, each with a repository and a store of its own.
#pragma once

#include "engine/sync.hpp"
#include "tests/native/git_world.hpp"

namespace kra {

struct Devices {
  GitWorld a, b;
  Scratch remote;
  Settings settings;

  explicit Devices(const std::string& first_mode = "shadow") : mode(first_mode) {
    a.git({"init", "-q", "--bare", "-b", "main", remote / "r.git"});
    a.git({"remote", "add", "origin", remote / "r.git"});
    a.write("f", "one\ntwo\nthree\nfour\nfive\n"), a.write("dir/g", "g\n");
    a.commit("first"), a.git({"push", "-q", "-u", "origin", "main"});
    b.git({"remote", "add", "origin", remote / "r.git"});
    b.git({"fetch", "-q"}), b.git({"reset", "-q", "--hard", "origin/main"}), b.git({"branch", "-q", "-u", "origin/main"});
  }
  std::string mode;

  SyncReport sync(GitWorld& world, SyncRequest request = {}) {
    auto place = find_repository(world.disk, world.root);
    REQUIRE(place);
    auto record = read_record(world.disk, world.paths, *place);
    if (!record) {
      record = new_record(world.disk, *place, mode);
      INFO((record ? "" : record.error().what));
      REQUIRE(record);
      REQUIRE(write_record(world.disk, world.paths, *record));
    }
    auto store = SyncStore::open(world.disk, world.paths, *place, git_patience());
    REQUIRE(store);
    const std::string device = &world == &a ? "dev-a" : "dev-b";
    auto report = sync_tree(*store, *record, device, request, settings, git_patience());
    INFO((report ? "" : report.error().what));
    REQUIRE(report);
    return std::move(*report);
  }
  // Until nothing moves any more.
  void settle() {
    for (int n = 0; n < 4; ++n) sync(a), sync(b);
  }
  std::string remote_git(std::vector<std::string> words) {
    words.insert(words.begin(), {"--git-dir", remote / "r.git"});
    return a.git(words);
  }
  bool same() { return difference(a.manifest(false), b.manifest(false)).empty(); }
};

}  // namespace kra
