// Adding, marking and removing generations: all under the lock of the server's directory.
#include <algorithm>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/history_stored.hpp"
#include "wire/msgpack.hpp"

namespace kra {

// Whoever holds the lock owns every temporary file there: their makers are dead.
Result<Lock> History::hold(const Patience& patience) {
  TRY(disk_.make_directory(directory_));
  auto lock = TRY(disk_.lock(directory_ + "/lock", patience));
  for (const auto& entry : TRY(disk_.list(directory_)))
    if (entry.starts_with(temporary_prefix)) TRY(disk_.remove_tree(cat(directory_, "/", entry)));
  return lock;
}

// The name's directory, made, named and tidied.
Result<NameListing> History::prepare(const std::string& name) {
  TRY(finish_renames());
  auto directory = directory_of(name);
  TRY(disk_.make_directory(directory));
  auto named = name_in(directory_name(name));
  if (!named || *named != name) TRY(disk_.replace(directory + "/name", name));
  auto listing = TRY(look(name));
  for (const auto& file : listing.stale) TRY(disk_.remove(cat(directory, "/", file)));
  return listing;
}

// A number is never used twice, not even that of a file that was put aside.
Result<std::uint64_t> History::next_counter(const std::string& name, const NameListing& listing) {
  auto highest = listing.highest;
  auto files = disk_.list(corrupt_);
  if (!files && files.error().fault != Fault::not_found) return std::move(files.error());
  auto prefix = aside_prefix(name);
  for (const auto& file : files ? *files : std::vector<std::string>{})
    if (file.starts_with(prefix)) highest = std::max(highest, counter_of(file.substr(prefix.size())).value_or(0));
  return highest + 1;
}

// A writer that was killed may have left directories that it had made but not yet synced: the name's, the server's, `workspaces`, the
// state directory and the one that holds it.
Result<void> History::settle(const std::string& name) {
  if (settled_.contains(name)) return {};
  auto path = directory_of(name);
  for (int level = 0; level < 5; ++level, path = directory_part(path)) TRY(disk_.sync_directory(path));
  settled_.insert(name);
  return {};
}

Result<std::uint64_t> History::newest_listed(const std::string& name) {
  auto listing = TRY(look(name));
  return listing.generations.empty() ? 0 : listing.generations.front();
}

Result<History::Written> History::write(const std::string& name, const Workspace& workspace, Stamp stamp, const Patience& patience) {
  auto lock = TRY(hold(patience));
  auto listing = TRY(prepare(name));
  auto last = first_whole(name, listing, &History::read_stored);
  // On top of it, ours would be what counts, and what the newer kra saved would be forgotten.
  if (!last && last.error().fault == Fault::refused)
    return Error{Fault::refused, cat("nothing was saved: ", last.error().what, "; update kra, or save under another name")};
  // Newer ones that cannot be read just now would come back: to be equal to an older one is not enough.
  bool is_newest = last && (last->generation == listing.generations.front() || last->generation == TRY(newest_listed(name)));
  if (is_newest && last->body == pack(to_value(workspace))) {
    TRY(settle(name));
    return Written{last->generation, false};
  }
  if (last && !is_empty(last->counts) && is_empty(count(workspace)))
    return Error{Fault::refused, cat("nothing was saved: there is no session, and the last save has ", text_of(last->counts))};
  stamp.generation = TRY(next_counter(name, listing));
  auto file = TRY(serialise({stamp, workspace}));
  TRY(disk_.create(file_of(name, stamp.generation, ".kra"), file));
  TRY(settle(name));
  return Written{stamp.generation, true};
}

Result<void> History::mark(const std::string& name, std::uint64_t generation, std::string_view ending) {
  TRY(load(name, generation));
  auto lock = TRY(hold(Patience::of(lock_patience)));
  auto listing = TRY(look(name));
  const auto& there = listing.generations;
  if (std::find(there.begin(), there.end(), generation) == there.end()) return Error{Fault::not_found, "it was thinned out meanwhile"};
  auto made = disk_.create(file_of(name, generation, ending), "");
  if (!made && made.error().fault == Fault::conflict) return {};
  return made;
}

Result<void> History::keep(const std::string& name, std::uint64_t generation) { return mark(name, generation, ".keep"); }
Result<void> History::mark_restored_from(const std::string& name, std::uint64_t generation) { return mark(name, generation, ".from"); }

Result<int> History::thin(const std::string& name, const Retention& retention, WallTime now) {
  auto lock = TRY(hold(Patience::of(lock_patience)));
  // Not log(): that takes the lock itself to finish a rename, and would wait for us.
  TRY(finish_renames());
  int removed = 0;
  for (auto generation : unwanted(entries_in(name, TRY(look(name))), retention, now)) {
    TRY(disk_.remove(file_of(name, generation, ".kra")));
    ++removed;
  }
  if (removed > 0) TRY(disk_.sync_directory(directory_of(name)));
  return removed;
}

}  // namespace kra
