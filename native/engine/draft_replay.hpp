// From the records of a journal to the texts of its buffers (doc/format.md, "Drafts").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "engine/draft_frame.hpp"
#include "engine/line_buffer.hpp"

namespace kra {

struct DraftBuffer {
  std::string id;                    // of the client's
  Value meta;                        // the keys of part 0 as they are now, with the newest `cursor` and `tick`
  std::optional<LineBuffer> lines;   // none: only the file is known (see `edits`), or nothing that is whole
  bool base_only = false;            // the text is that of the file at meta.path with `edits` applied
  std::vector<std::string> edits;    // of base_only: the maps of the records, packed
  std::uint64_t last_seq = 0;        // of its newest record
  std::uint64_t text_seq = 0;        // of the newest one that says what its text is: text, file, edits or end
  std::int64_t at = 0;               // milliseconds since 1970; 0: not told
  std::string why;                   // how it ended; empty: it did not
  std::uint64_t edits_lost = 0;      // records that could not be applied since the last whole text
  std::string undo_file, undo_text;  // the undo file and the text that it belongs to
};

struct DraftJournal {
  Value editor;  // nil when that record is lost
  std::map<std::string, DraftBuffer> buffers;
  std::uint64_t last_seq = 0;
  std::uint64_t records = 0;          // that counted, each once
  std::uint64_t damaged_bytes = 0;    // in the middle: a torn end is what a death leaves
  std::uint64_t lost_records = 0;     // numbers that are missing
  std::uint64_t caught = 0;           // records out of a net
  std::set<std::string> text_files;   // names of files that have, or had, a text of it
};

// The bytes of a text's file, by the name that a record says.
using TextFiles = std::function<Result<std::string>(const std::string& name)>;

// Any bytes may stand in the files. `undo_texts`: keep the text that each undo file belongs to, which costs memory. A text whose file is not there, or
// holds something else, does not count, as if its record was damaged.
DraftJournal replay(const std::vector<std::string_view>& files, bool undo_texts = false, const TextFiles& text_files = {});

// May a record say that name: one of our own directory's?
bool is_text_file(std::string_view name);

}  // namespace kra
