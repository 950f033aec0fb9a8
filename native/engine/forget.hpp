// `kra forget PATH`: every trace of a file goes from what kra keeps: drafts, saves of all servers and editors, pane contents, marks, notes and logs.
// What git sync keeps of a work tree is not touched here.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/stored.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

struct Forgotten {
  int drafts = 0;    // buffers
  int saves = 0;     // generations written anew
  int contents = 0;  // of panes
  int others = 0;    // marks, damaged files, notes and logs
};
// `path` is absolute. Goes on after a failure and tells the first one; calling it again finishes the work.
Result<Forgotten> forget(Disk& disk, const Paths& paths, const std::string& path);

// Takes the file out of a generation: true when something was there. A pane whose program names it is kept without program, title and contents; an
// editor's without the word.
bool forget_in(Generation& generation, const std::string& path);

}  // namespace kra
