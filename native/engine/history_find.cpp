// "work@2h" -> a generation.
#include "base/text.hpp"
#include "engine/history.hpp"

namespace kra {

Result<SaveReference> parse_reference(std::string_view text) {
  auto at = text.find('@');
  SaveReference reference{std::string(text.substr(0, at)), {}};
  if (!reference.name.empty()) TRY(check_save_name(reference.name));
  if (at == std::string_view::npos) return reference;
  reference.at = text.substr(at + 1);
  if (reference.at.empty()) return Error{Fault::usage, cat("'", printable(text), "' names no generation after its '@'")};
  return reference;
}

static Error none_so_old(const std::string& name, const std::string& at, const std::vector<LogEntry>& log) {
  auto oldest = log.empty() ? "" : cat("; its oldest is ", log.back().stamp.generation, " of ", rfc3339({log.back().stamp.saved_at}));
  return {Fault::not_found, cat("'", printable(name), "' was not saved before ", printable(at), oldest)};
}

Result<Generation> History::find(const SaveReference& reference, WallTime now) {
  auto name = reference.name.empty() ? TRY(current_name()) : reference.name;
  if (reference.at.empty()) return newest(name);
  auto number = parse_int(reference.at);
  if (number && *number > 0) return load(name, static_cast<std::uint64_t>(*number));
  auto when = number ? std::nullopt : parse_when(reference.at, now);
  if (!when)
    return Error{Fault::usage, cat("'@", printable(reference.at), "' is no generation and no time; write @12, @2h, @monday, @yesterday or @2026-05-01")};
  auto entries = TRY(log(name));
  if (entries.empty()) return newest(name);  // whose error says what there is
  for (const auto& entry : entries) {
    if (entry.stamp.saved_at > when->ms) continue;
    auto loaded = load(name, entry.stamp.generation);
    // Thinned out since the log was read: the one before it is the nearest now.
    if (!loaded && loaded.error().fault == Fault::not_found) continue;
    if (loaded || loaded.error().fault != Fault::corrupt) return loaded;
    findings_.push_back({name, entry.stamp.generation, loaded.error().what});
  }
  return none_so_old(name, reference.at, entries);
}

}  // namespace kra
