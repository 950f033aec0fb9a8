// What changed in watched roots, on disk: records in STATE/changes.journal, one for each batch. At 1 MiB the file becomes changes.journal.b in the
// place of an earlier one, so the last megabyte at least can be asked for. Only the daemon writes; anybody may read.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "engine/change_batches.hpp"
#include "engine/edit_notes.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

// Of a batch so many changes are kept by name.
constexpr std::size_t journal_changes_of_one = 500;

struct JournalChange {
  std::string root, cause;
  ToldChange change;
};
struct ChangeQuery {
  std::string root;  // and below; empty: all
  std::string by;    // writer; empty: all
  std::int64_t since = 0;
  std::size_t limit = 1000;
};

class ChangeJournal {
 public:
  ChangeJournal(Disk& disk, const Paths& paths) : disk_(disk), paths_(paths), path_(paths.changes_journal()) {}

  // An Error costs the record, nothing else.
  Result<void> add(const ChangeBatch& batch, const std::string& cause);
  // Oldest first; of more than `limit` the latest. A writer whom nobody knew at that time has the name that was noted since.
  Result<std::vector<JournalChange>> read(const ChangeQuery& query) const;

 private:
  Disk& disk_;
  Paths paths_;
  std::string path_;
  bool checked_ = false;  // the end of the file is whole
};

// Who noted (`kra note edit`) that he changed the file about that time: from a minute before to ten minutes after. Empty: nobody.
std::string noted_writer(const std::vector<EditNote>& notes, const std::string& path, std::int64_t at);

Value value_of(const JournalChange& entry);
Value value_of(const ToldChange& change);

}  // namespace kra
