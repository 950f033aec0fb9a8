// Who changed which file, as those who change files say it (`kra note edit PATH --by WHO`): records in STATE/notes.journal, each a map with
// `path`, `by` and `at`. At 256 KiB the file becomes notes.journal.b, in the place of an earlier one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

struct EditNote {
  std::string path;     // absolute
  std::string by;
  std::int64_t at = 0;  // milliseconds since 1970
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("path", self.path);
    visit("by", self.by);
    visit("at", self.at);
  }
};

// In the journal when there is no Error; it outlives us, not a power cut. busy: others write without end.
Result<void> add_edit_note(Disk& disk, const Paths& paths, const EditNote& note, const Patience& patience);

// Notes not before `since`, oldest first, up to the first damaged record of each file.
Result<std::vector<EditNote>> edit_notes(Disk& disk, const Paths& paths, WallTime since);

}  // namespace kra
