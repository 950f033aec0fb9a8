// Named workspaces and their generations on disk (layout in os/paths.hpp). Writers exclude each other with an flock on `lock` in the
// server's directory. A new generation is a new file that appears complete or not at all; an old one is never written again. The newest
// is found by its counter; one that is damaged, or holds no session after some did, is put aside into corrupt/ and the one before
// it counts. Reading takes no lock, except to finish a rename that was cut short.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/history_listing.hpp"
#include "engine/retention.hpp"
#include "model/stored.hpp"
#include "os/disk.hpp"
#include "os/paths.hpp"

namespace kra {

// "NAME", "NAME@12", "NAME@2h", "NAME@monday", or "" for the current workspace ("@12": of the current one).
struct SaveReference {
  std::string name;
  std::string at;
};
Result<SaveReference> parse_reference(std::string_view text);

class History {
 public:
  // One tmux server's (or the editors' sessions') directory of named saves; nothing is made before the first write.
  History(Disk& disk, std::string directory, std::string corrupt_directory);

  // Writes a new generation unless the newest of that name is equal; `stamp.generation` is set here. Durable when it returns, also when
  // nothing was written. refused: no session after some did, more than can be stored, or the newest is a newer kra's; busy: another writer held the
  // lock.
  struct Written {
    std::uint64_t generation = 0;
    bool changed = false;
  };
  Result<Written> write(const std::string& name, const Workspace& workspace, Stamp stamp, const Patience& patience);

  // The newest that is whole. Damaged and empty ones before it are put aside and told by take_findings(). refused: the newest was
  // written by a newer kra; it is not passed over.
  Result<Generation> newest(const std::string& name);
  // Exactly that one; not_found says what there is, corrupt what is wrong with it.
  Result<Generation> load(const std::string& name, std::uint64_t generation);
  // The generation that a reference means at `now`: a number, or the last one saved until then. usage: not understood.
  Result<Generation> find(const SaveReference& reference, WallTime now);

  // Of all saves, sorted.
  Result<std::vector<std::string>> names();
  // Newest first, without reading the bodies; empty when there is no such name. Generations whose front cannot be read are left out
  // (verify() names them).
  Result<std::vector<LogEntry>> log(const std::string& name);

  // The first entry of log(), without reading the others; not_found when there is none.
  Result<LogEntry> latest(const std::string& name);

  Result<std::string> current_name();  // "default" until set
  Result<void> set_current(const std::string& name);

  // conflict: `to` is taken. The current workspace stays current under its new name.
  Result<void> rename(const std::string& from, const std::string& to);
  // With all generations, kept ones too. When it was the current one, "default" is current afterwards.
  Result<void> remove(const std::string& name);
  Result<void> keep(const std::string& name, std::uint64_t generation);
  Result<void> mark_restored_from(const std::string& name, std::uint64_t generation);
  // Removes what the retention no longer wants; never the newest, a kept one or one that was restored from. How many went.
  Result<int> thin(const std::string& name, const Retention& retention, WallTime now);

  // Goes through every generation that can be read; those that `change` alters (it answers true then) are written anew, each in one step, under
  // their own number. How many were. For `kra forget`, nothing else: a generation is history.
  Result<int> rewrite(const std::function<bool(Generation&)>& change);

  struct Finding {
    std::string name;
    std::uint64_t generation = 0;
    std::string trouble;  // empty: every byte is right
  };
  // Newest first; changes nothing.
  Result<std::vector<Finding>> verify(const std::string& name);
  // What was passed over or put aside since the last call: tell it to the user.
  std::vector<Finding> take_findings();

  struct Stored;  // of our own files: a generation whose body was not unpacked

 private:
  std::string directory_of(const std::string& name) const;
  std::string file_of(const std::string& name, std::uint64_t generation, std::string_view ending) const;
  std::string aside_prefix(const std::string& name) const;

  Result<NameListing> look(const std::string& name);
  Result<NameListing> look_or_finish_renames(const std::string& name);
  Result<Stored> read_stored(const std::string& name, std::uint64_t generation);
  Result<Generation> read_generation(const std::string& name, std::uint64_t generation);
  Result<LogEntry> read_entry(const std::string& name, std::uint64_t generation);
  std::vector<LogEntry> entries_in(const std::string& name, const NameListing& listing);
  template <class T>
  Result<T> first_whole(const std::string& name, const NameListing& listing, Result<T> (History::*read)(const std::string&, std::uint64_t));
  bool some_session_before(const std::string& name, std::uint64_t generation, const NameListing& listing);
  void put_aside(const std::string& name, std::uint64_t generation, const std::string& why);
  Error nothing_named(const std::string& name);
  Result<std::vector<std::string>> entries();
  Result<std::string> name_in(const std::string& entry);

  Result<Lock> hold(const Patience& patience);
  Result<NameListing> prepare(const std::string& name);
  Result<std::uint64_t> next_counter(const std::string& name, const NameListing& listing);
  Result<std::uint64_t> newest_listed(const std::string& name);
  Result<void> settle(const std::string& name);
  Result<void> finish_renames();
  Result<void> mark(const std::string& name, std::uint64_t generation, std::string_view ending);

  Disk& disk_;
  std::string directory_;
  std::string corrupt_;
  std::vector<Finding> findings_;
  std::set<std::string> settled_;  // names whose directories were synced since this object was made
};

// The stored form of a generation and back; the way back takes any bytes. refused: more than can be stored, or a newer version.
Result<std::string> serialise(const Generation& generation);
Result<Generation> deserialise(std::string_view file);

// What stands in front of the workspace, so that a log need not read what follows.
struct Front {
  Stamp stamp;
  Counts counts;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("stamp", self.stamp);
    visit("counts", self.counts);
  }
};
Result<Front> unpack_front(std::string_view front);

}  // namespace kra
