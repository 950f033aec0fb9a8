// A device whose user and programs are at work, and another that sends it changes through a bare remote.
#pragma once

#include <string>
#include <vector>

#include "engine/sync.hpp"
#include "tests/native/git_scratch.hpp"

namespace kra::bench {

struct MeetingDevice {
  GitScratch world;
  std::string name;
  Result<SyncReport> sync(const std::string& mode, bool confirmed) {
    const auto place = TRY(find_repository(world.disk, world.root));
    const auto record = TRY(new_record(world.disk, place, mode));
    auto store = TRY(SyncStore::open(world.disk, world.paths, place, git_patience()));
    return sync_tree(store, record, name, {.confirmed = confirmed}, {}, git_patience());
  }
};

// Both begin with the files of these names.
struct MeetingOfTwo {
  MeetingDevice user, other;
  Scratch remote;
  explicit MeetingOfTwo(const std::vector<std::string>& names) {
    user.name = "user", other.name = "other";
    user.world.git({"init", "-q", "--bare", "-b", "main", remote / "r.git"});
    for (auto* device : {&user, &other}) device->world.git({"config", "gc.auto", "0"}), device->world.git({"remote", "add", "origin", remote / "r.git"});
    for (const auto& name : names) user.world.write(name, "first\n");
    user.world.commit("first"), user.world.git({"push", "-q", "-u", "origin", "main"});
    other.world.git({"fetch", "-q"}), other.world.git({"reset", "-q", "--hard", "origin/main"}), other.world.git({"branch", "-q", "-u", "origin/main"});
  }
};

}  // namespace kra::bench
