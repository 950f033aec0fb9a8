// What most commands start from: paths, disk, settings, the tmux server that is meant and its history.
#pragma once

#include "cli/command.hpp"
#include "engine/history.hpp"
#include "model/config.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"
#include "peers/tmux.hpp"

namespace kra::cli {

struct Context {
  Paths paths;
  SystemDisk disk;
  TmuxServer server;

  History history() { return History(disk, paths.workspaces(server.key()), paths.corrupt()); }
  // From config.yaml and the environment; refused when the file is not right.
  Result<LoadedSettings> settings();
};

// -S and -L of the call choose the server.
Result<Context> context_of(const Call& call);

// `name` when there is such a save; not_found says which are there.
Result<std::string> existing_save(History& history, const std::string& name);

// Says on standard error which damaged generations were put aside or passed over while this command read.
void tell_findings(Console& console, History& history);

// A moment as people say it: "5 min ago", "yesterday 12:30", "2026-05-01 12:30".
std::string ago(WallTime then, WallTime now);
// 1.5 KB, 12 MB
std::string size_text(std::uint64_t bytes);

// Rows of cells in aligned columns, two spaces between them; widths are counted in code points.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace kra::cli
