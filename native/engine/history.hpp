// Named workspaces and their generations on disk (layout in os/paths.hpp). Writers of one name exclude each other with an flock. A new
// generation is a new file that appears complete or not at all; an old one is never written again. The newest is found by its
// counter; one that is damaged, or holds no session after some did, is put aside into corrupt/ and the one before it counts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/stored.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

struct Retention {
  Milliseconds all_for = std::chrono::hours(24);
  Milliseconds hourly_for = std::chrono::hours(24 * 7);
  Milliseconds daily_for = std::chrono::hours(24 * 30);
};

struct LogEntry {
  Stamp stamp;
  Counts counts;
  std::uint64_t bytes = 0;
  bool kept = false;
  bool restored_from = false;
};

// "NAME", "NAME@12", "NAME@2h", "NAME@monday", or "" for the current workspace.
struct SaveReference {
  std::string name;
  std::string at;
};
Result<SaveReference> parse_reference(std::string_view text);

class History {
 public:
  // One tmux server's (or the editors' sessions') directory of named saves.
  History(Disk& disk, std::string directory, std::string corrupt_directory);

  // Writes a new generation unless the newest of that name is equal; `stamp.generation` is set here. Durable when it returns.
  struct Written {
    std::uint64_t generation = 0;
    bool changed = false;
  };
  Result<Written> write(const std::string& name, const Workspace& workspace, Stamp stamp, const Patience& patience);

  Result<Generation> newest(const std::string& name);
  Result<Generation> load(const std::string& name, std::uint64_t generation);
  // The generation that a reference means at `now`; not_found lists what there is.
  Result<Generation> find(const SaveReference& reference, WallTime now);

  Result<std::vector<std::string>> names();
  // Newest first. Unreadable generations are left out (verify() names them).
  Result<std::vector<LogEntry>> log(const std::string& name);

  Result<std::string> current_name();  // "default" until set
  Result<void> set_current(const std::string& name);

  Result<void> rename(const std::string& from, const std::string& to);
  Result<void> remove(const std::string& name);
  Result<void> keep(const std::string& name, std::uint64_t generation);
  Result<void> mark_restored_from(const std::string& name, std::uint64_t generation);
  // Removes what the retention no longer wants; never the newest, a kept one or one that was restored from.
  Result<int> thin(const std::string& name, const Retention& retention, WallTime now);

  struct Finding {
    std::string name;
    std::uint64_t generation = 0;
    std::string trouble;  // empty: every byte is right
  };
  Result<std::vector<Finding>> verify(const std::string& name);

 private:
  std::string directory_of(const std::string& name) const;
  Disk& disk_;
  std::string directory_;
  std::string corrupt_;
};

// The stored form of a generation and back.
std::string serialise(const Generation& generation);
Result<Generation> deserialise(std::string_view file);

}  // namespace kra
