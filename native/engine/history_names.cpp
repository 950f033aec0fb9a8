// Names of saves, and which one is current.
#include <algorithm>

#include "base/text.hpp"
#include "engine/history_stored.hpp"

namespace kra {

static constexpr std::string_view default_name = "default";
static constexpr std::uint64_t name_limit = 4096;

// Entries that may be a name's directory.
Result<std::vector<std::string>> History::entries() {
  auto found = disk_.list(directory_);
  if (!found && found.error().fault == Fault::not_found) return std::vector<std::string>{};
  if (!found) return std::move(found.error());
  std::erase_if(*found, [](const std::string& entry) { return entry.starts_with('.') || entry == "lock" || entry == "current"; });
  return found;
}

Result<std::string> History::name_in(const std::string& entry) { return disk_.read(cat(directory_, "/", entry, "/name"), name_limit); }

Result<std::vector<std::string>> History::names() {
  std::vector<std::string> names;
  for (const auto& entry : TRY(entries())) {
    auto name = name_in(entry);
    if (!name) continue;
    auto files = disk_.list(cat(directory_, "/", entry));
    if (files && !listing_from(*files).generations.empty()) names.push_back(std::move(*name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// rename() writes the new name into the directory first and moves it last: whoever finds the two apart does the rest.
Result<void> History::finish_renames() {
  for (const auto& entry : TRY(entries())) {
    auto name = name_in(entry);
    if (!name || directory_name(*name) == entry) continue;
    auto target = directory_of(*name);
    if (disk_.info(target)) continue;
    if (directory_name(TRY(current_name())) == entry) TRY(disk_.replace(directory_ + "/current", *name));
    TRY(disk_.rename(cat(directory_, "/", entry), target));
  }
  return {};
}

Result<NameListing> History::look_or_finish_renames(const std::string& name) {
  auto listing = TRY(look(name));
  if (!listing.generations.empty()) return listing;
  // Only when a rename was cut short does a reader take the lock.
  for (const auto& entry : TRY(entries())) {
    auto found = name_in(entry);
    if (!found || *found != name || directory_name(name) == entry) continue;
    auto lock = TRY(hold(Patience::of(lock_patience)));
    TRY(finish_renames());
    return look(name);
  }
  return listing;
}

Result<std::string> History::current_name() {
  auto name = disk_.read(directory_ + "/current", name_limit);
  if (!name && name.error().fault != Fault::not_found) return name;
  return name && check_save_name(*name) ? *name : std::string(default_name);
}

Result<void> History::set_current(const std::string& name) {
  if (TRY(current_name()) == name) return {};
  auto lock = TRY(hold(Patience::of(lock_patience)));
  return disk_.replace(directory_ + "/current", name);
}

Result<void> History::rename(const std::string& from, const std::string& to) {
  auto lock = TRY(hold(Patience::of(lock_patience)));
  TRY(finish_renames());
  if (TRY(look(from)).generations.empty()) return nothing_named(from);
  if (from == to) return {};
  if (!TRY(look(to)).generations.empty()) return Error{Fault::conflict, cat("there is a save named '", printable(to), "' already")};
  TRY(disk_.remove_tree(directory_of(to)));
  TRY(disk_.replace(directory_of(from) + "/name", to));
  if (TRY(current_name()) == from) TRY(disk_.replace(directory_ + "/current", to));
  return disk_.rename(directory_of(from), directory_of(to));
}

Result<void> History::remove(const std::string& name) {
  auto lock = TRY(hold(Patience::of(lock_patience)));
  TRY(finish_renames());
  if (TRY(look(name)).generations.empty()) return nothing_named(name);
  if (TRY(current_name()) == name) TRY(disk_.replace(directory_ + "/current", default_name));
  // Out of sight in one step: half a history must never be what is left.
  auto gone = cat(directory_, "/", temporary_prefix, directory_name(name));
  TRY(disk_.rename(directory_of(name), gone));
  settled_.erase(name);
  return disk_.remove_tree(gone);
}

}  // namespace kra
