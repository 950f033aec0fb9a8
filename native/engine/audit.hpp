// What kra did by itself and on request, for people: `kra audit`. One line for each act in STATE/audit.log (milliseconds since 1970, kind and
// text, separated by tabs; control bytes written out). At 1 MiB the file becomes audit.log.1, in the place of an earlier one. No line
// holds any content of a file or a pane.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

struct Act {
  WallTime at;
  std::string kind;  // one word: save restore undo delete hooks damaged daemon sync rollback
  std::string text;  // one line
};

// Adds a line with the time of now. Best effort: an act is not undone because it could not be written down. Several processes may write
// at once.
void note_act(Disk& disk, const Paths& paths, std::string_view kind, std::string_view text);

// Acts not before `since`, oldest first; lines that are damaged are left out. An Error only when the files are there and cannot be read.
Result<std::vector<Act>> acts_since(Disk& disk, const Paths& paths, WallTime since);

// One line of the file; nothing when it is none.
std::optional<Act> parse_act(std::string_view line);

}  // namespace kra
