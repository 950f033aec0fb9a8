// Finding and reading generations.
#include "engine/history.hpp"

#include <algorithm>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/history_stored.hpp"

namespace kra {

History::History(Disk& disk, std::string directory, std::string corrupt_directory)
    : disk_(disk), directory_(std::move(directory)), corrupt_(std::move(corrupt_directory)) {}

std::string History::directory_of(const std::string& name) const { return cat(directory_, "/", directory_name(name)); }

std::string History::file_of(const std::string& name, std::uint64_t generation, std::string_view ending) const {
  return cat(directory_of(name), "/", generation_name(generation), ending);
}

// Another server's directories may bear the same names.
std::string History::aside_prefix(const std::string& name) const {
  return cat(directory_name(name), ".", hex(hash64(directory_), 16), ".");
}

static std::string place_of(const std::string& name, std::uint64_t generation) { return cat(printable(name), "@", generation); }

std::vector<History::Finding> History::take_findings() { return std::exchange(findings_, {}); }

Result<NameListing> History::look(const std::string& name) {
  auto files = disk_.list(directory_of(name));
  if (!files && files.error().fault == Fault::not_found) return NameListing{};
  if (!files) return std::move(files.error());
  return listing_from(*files);
}

static Result<void> check_number(std::uint64_t found, std::uint64_t expected) {
  if (found == expected) return {};
  return Error{Fault::corrupt, cat("it is generation ", found, " under another number")};
}

// refused is for a newer kra's: a file that is too long, a link or a pipe is no generation of anybody's, and the one before counts.
static Result<std::string> read_file(Disk& disk, const std::string& path) {
  auto file = disk.read(path, stored_limit);
  if (!file && file.error().fault == Fault::refused) file.error().fault = Fault::corrupt;
  return file;
}

Result<History::Stored> History::read_stored(const std::string& name, std::uint64_t generation) {
  auto file = TRY(read_file(disk_, file_of(name, generation, ".kra")));
  auto parts = TRY(unsealed(file));
  auto front = TRY(unpack_front(parts.front));
  TRY(check_number(front.stamp.generation, generation));
  return Stored{generation, front.counts, std::string(parts.body)};
}

Result<Generation> History::read_generation(const std::string& name, std::uint64_t generation) {
  auto file = TRY(read_file(disk_, file_of(name, generation, ".kra")));
  auto loaded = TRY(deserialise(file));
  TRY(check_number(loaded.stamp.generation, generation));
  return loaded;
}

Result<LogEntry> History::read_entry(const std::string& name, std::uint64_t generation) {
  auto beginning = TRY(disk_.read_front(file_of(name, generation, ".kra"), stored_header + stored_front_limit));
  auto [bytes, file_bytes] = TRY(unsealed_front(beginning));
  auto front = TRY(unpack_front(bytes));
  TRY(check_number(front.stamp.generation, generation));
  return LogEntry{std::move(front.stamp), front.counts, file_bytes};
}

bool History::some_session_before(const std::string& name, std::uint64_t generation, const NameListing& listing) {
  for (auto earlier : listing.generations) {
    if (earlier >= generation) continue;
    if (auto entry = read_entry(name, earlier)) return !is_empty(entry->counts);
  }
  return false;
}

// The first (newest) generation that can be read and believed; not_found when there is none.
template <class T>
Result<T> History::first_whole(const std::string& name, const NameListing& listing,
                               Result<T> (History::*read)(const std::string&, std::uint64_t)) {
  for (auto generation : listing.generations) {
    auto loaded = (this->*read)(name, generation);
    if (loaded && is_empty(counts_of(*loaded)) && some_session_before(name, generation, listing))
      loaded = Error{Fault::corrupt, "it holds no session although the one before does"};
    if (loaded) return loaded;
    auto& error = loaded.error();
    if (error.fault == Fault::refused) return std::move(error).within(place_of(name, generation));
    if (error.fault == Fault::corrupt) put_aside(name, generation, error.what);
    else if (error.fault != Fault::not_found) findings_.push_back({name, generation, error.what});
  }
  return nothing_named(name);
}
template Result<History::Stored> History::first_whole(const std::string&, const NameListing&,
                                                      Result<Stored> (History::*)(const std::string&, std::uint64_t));

void History::put_aside(const std::string& name, std::uint64_t generation, const std::string& why) {
  auto to = cat(corrupt_, "/", aside_prefix(name), generation_name(generation), ".kra");
  auto moved = disk_.make_directory(corrupt_);
  if (moved) moved = disk_.rename(file_of(name, generation, ".kra"), to);
  // Another reader was faster, and tells it.
  if (!moved && moved.error().fault == Fault::not_found) return;
  auto where = moved ? cat("put aside as ", to) : cat("it could not be put aside: ", moved.error().what);
  findings_.push_back({name, generation, cat(why, "; ", where)});
}

Error History::nothing_named(const std::string& name) {
  auto known = names().value_or({});
  auto what = cat("no save called ", printable(name));
  if (known.empty()) return {Fault::not_found, what + "; there is none yet, `kra save` makes one"};
  if (std::find(known.begin(), known.end(), name) != known.end()) return {Fault::not_found, cat("no generation of '", printable(name), "' can be read")};
  if (auto meant = nearest(name, known)) return {Fault::not_found, cat(what, "; did you mean ", printable(*meant), "?")};
  return {Fault::not_found, cat(what, "; there is ", printable(join(known, ", ")))};
}

Result<Generation> History::newest(const std::string& name) {
  auto listing = TRY(look_or_finish_renames(name));
  return first_whole(name, listing, &History::read_generation);
}

Result<Generation> History::load(const std::string& name, std::uint64_t generation) {
  auto listing = TRY(look_or_finish_renames(name));
  const auto& there = listing.generations;
  if (there.empty()) return nothing_named(name);
  if (std::find(there.begin(), there.end(), generation) == there.end())
    return Error{Fault::not_found, cat("'", printable(name), "' has no generation ", generation, "; it has ", there.size(), " from ",
                                       there.back(), " to ", there.front())};
  return TRY_TO(place_of(name, generation), read_generation(name, generation));
}

static LogEntry marked(LogEntry entry, const NameListing& listing) {
  entry.kept = listing.kept.contains(entry.stamp.generation);
  entry.restored_from = listing.restored_from.contains(entry.stamp.generation);
  return entry;
}

Result<std::vector<LogEntry>> History::log(const std::string& name) { return entries_in(name, TRY(look_or_finish_renames(name))); }

std::vector<LogEntry> History::entries_in(const std::string& name, const NameListing& listing) {
  std::vector<LogEntry> log;
  for (auto generation : listing.generations)
    if (auto entry = read_entry(name, generation)) log.push_back(marked(std::move(*entry), listing));
  return log;
}

Result<LogEntry> History::latest(const std::string& name) {
  auto listing = TRY(look_or_finish_renames(name));
  for (auto generation : listing.generations)
    if (auto entry = read_entry(name, generation)) return marked(std::move(*entry), listing);
  return nothing_named(name);
}

Result<std::vector<History::Finding>> History::verify(const std::string& name) {
  auto listing = TRY(look_or_finish_renames(name));
  if (listing.generations.empty()) return nothing_named(name);
  std::vector<Finding> findings;
  for (auto generation : listing.generations) {
    auto loaded = read_generation(name, generation);
    findings.push_back({name, generation, loaded ? "" : loaded.error().what});
  }
  return findings;
}

}  // namespace kra
