// What the user agreed to for a work tree, by `kra sync enable`. Before that no git runs in it. When the parts of the repository's settings that name
// programs or addresses have changed since, or another directory lies where it was, the user is asked again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os/disk.hpp"
#include "os/paths.hpp"
#include "peers/git_repository.hpp"

namespace kra {

struct SyncRecord {
  std::string root;
  std::uint64_t device = 0, inode = 0, owner = 0;  // of the root
  std::uint64_t settings = 0;                      // hash of .git/config without what cannot start anything
  std::uint64_t hooks = 0;                         // of mode track: hash of those that may run
  std::string mode;                                // shadow, track
  std::string branch;                              // that `track` moves
  std::string remote, url;
  std::int64_t enabled_at = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("root", self.root);
    visit("device", self.device);
    visit("inode", self.inode);
    visit("owner", self.owner);
    visit("settings", self.settings);
    visit("hooks", self.hooks);
    visit("mode", self.mode);
    visit("branch", self.branch);
    visit("remote", self.remote);
    visit("url", self.url);
    visit("enabled_at", self.enabled_at);
  }
};

// A record for the repository as it is now. usage: a mode that is none; refused: `track` without a branch, no remote, an address that git would
// take for an option or a program.
Result<SyncRecord> new_record(Disk& disk, const RepositoryPlace& place, const std::string& mode);
Result<void> write_record(Disk& disk, const Paths& paths, const SyncRecord& record);
// not_found: not enabled. conflict: something has changed that the user must look at.
Result<SyncRecord> read_record(Disk& disk, const Paths& paths, const RepositoryPlace& place);
Result<void> remove_record(Disk& disk, const Paths& paths, const std::string& root);
// Of all work trees that are enabled.
std::vector<SyncRecord> all_records(Disk& disk, const Paths& paths);

// The settings without sections that start no program and name no address (branch, user, color, …).
std::uint64_t settings_fingerprint(std::string_view config);
// "laptop-3fa9": this device, the same for good, made with the first call.
Result<std::string> device_name(Disk& disk, const Paths& paths);

}  // namespace kra
