// The drafts of all editors, living and dead: what their journals hold, for the daemon, the command line and whoever takes one back.
//
//   open       its editor lives
//   left       its editor's process has ended and nobody has taken the text
//   abandoned  its editor cannot be heard: stopped, stuck, or on a machine that is gone
//   discarded  the user threw it away; recovered: it was taken back. Both stay until they expire.
// What was saved or closed without changes is no draft.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/value.hpp"
#include "engine/draft_replay.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

// Which process an editor is, as record 1 of its journal says.
struct DraftOwner {
  std::string client, editor, pane, server, cwd, host, boot;
  std::int64_t pid = 0;
  std::uint64_t start = 0;
  enum class Life { runs, ended, unknown };
  Life life() const;
};

struct DraftQuery {
  std::string path, cwd, editor;  // of these only; empty: any
  std::string asker;              // the client whose own drafts are left out
  bool all = false;               // discarded and recovered ones too
  std::set<std::string> silent;   // clients that the daemon has not heard for too long
};

// A damaged journal, as it is told to people.
struct DraftDamage {
  std::string file;
  std::uint64_t bytes = 0, records = 0;
};

class Drafts {
 public:
  Drafts(Disk& disk, const Paths& paths) : disk_(disk), paths_(paths) {}

  // {drafts: [row…], damaged: [{file, bytes, records}]}, the newest first. A row: id, client, editor, buffer, path, name, unnamed, cwd, at, bytes, lines,
  // preview, state, why, pid, pane, server, base, base_only, changed_on_disk, gone, damaged.
  Result<Value> list(const DraftQuery& query);
  // The draft as data, its text in a file (`file`, 0600): lines joined by line feeds, a zero byte as itself, none at the end. Of a big file that only
  // was changed: `base_only` and `edits`, a file with the maps of its edits one after another. `id` may be the beginning of one.
  Result<Value> take(const std::string& id);
  // Recovered or discarded by somebody else than its editor; durable when it returns.
  Result<void> end(const std::string& id, const std::string& why, WallTime now);
  // Every draft of that file is cut out of the journals, with what was made of it; how many there were.
  Result<int> forget(const std::string& path);
  // Removes journals whose editors are gone and all of whose drafts are older than `max_age`, seen so at two calls a day apart, so that a wrong clock
  // alone removes nothing. How many went.
  Result<int> expire(Milliseconds max_age, WallTime now);
  // Journals and texts of the second place move home; how many bytes are still there.
  Result<std::uint64_t> move_home();
  Result<void> move_home(const std::string& client);
  // What the client typed and did not get into its journal before it died without an event goes in there. An editor that lives keeps its net: one
  // that is just ending is waited for that long.
  Result<void> take_in(const std::string& client, Milliseconds patience = Milliseconds(0));
  // What the client has written itself survives a power cut.
  Result<void> sync(const std::string& client);
  // Folds the journal into the texts as they are when that makes it much smaller. The bytes that it has now.
  Result<std::uint64_t> compact(const std::string& client, std::uint64_t least_bytes);

  static std::string id_of(const std::string& client, const std::string& buffer);
  static DraftOwner owner_of(const std::string& client, const DraftJournal& journal);

 private:
  struct Found {
    std::string client;
    DraftJournal journal;
    std::int64_t modified_ms = 0;
  };
  struct One {
    Found found;
    std::string buffer;
    DraftBuffer& text() { return found.journal.buffers.at(buffer); }
  };
  std::string first(const std::string& client) const;
  std::string second(const std::string& client) const;
  static constexpr std::string_view ending = ".journal", net_ending = ".net";

  // drafts_texts.cpp
  std::vector<std::string> text_directories() const;
  std::vector<std::string> text_names(const std::string& directory, const std::string& client = {}) const;
  TextFiles text_files() const;
  std::uint64_t bytes_of_texts(const std::set<std::string>& names) const;
  Result<void> remove_texts(const std::set<std::string>& names);
  Result<void> tidy_texts(Milliseconds age, WallTime now);
  Result<void> move_texts_home(const std::string& client);

  Result<std::vector<std::string>> clients();
  Result<Found> read(const std::string& client, bool undo_texts = false);
  Result<Found> look(const std::string& client, bool undo_texts);
  Result<One> find(const std::string& id, bool undo_texts);
  Value row(const Found& found, const DraftBuffer& buffer, const DraftQuery& query);
  Result<int> forget_in(const std::string& file, const std::string& path);
  Result<void> take_in_net(const std::string& client, const std::string& path);
  void tidy_out(WallTime now);

  Disk& disk_;
  const Paths& paths_;
};

// A client's id may stand in a file's name: 1 to 64 letters, digits, '-' and '_'.
bool is_client_id(std::string_view id);

}  // namespace kra
