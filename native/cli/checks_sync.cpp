// Checks of git sync: what waits for the user in the work trees that are enabled. No git is started, nothing is asked of a remote.
#include "base/text.hpp"
#include "cli/checks.hpp"
#include "engine/sync.hpp"
#include "engine/sync_record.hpp"
#include "peers/git.hpp"

namespace kra::cli {
namespace {

// The first that is found, and how many more there are.
template <class Look>
Finding first_of_all(Context& context, Look look) {
  std::string first;
  std::size_t more = 0;
  for (const auto& record : all_records(context.disk, context.paths)) {
    auto found = look(record);
    if (found.empty()) continue;
    if (first.empty()) first = cat(printable(record.root), ": ", found);
    else ++more;
  }
  if (first.empty()) return std::nullopt;
  return more == 0 ? first : cat(first, "; and ", more, more == 1 ? " other" : " others");
}

}  // namespace

Finding check_sync_trust(Context& context) {
  return first_of_all(context, [&](const SyncRecord& record) -> std::string {
    const auto place = find_repository(context.disk, record.root);
    if (!place) return place.error().what;
    const auto now = read_record(context.disk, context.paths, *place);
    return now ? "" : now.error().what;
  });
}

Finding check_sync_state(Context& context) {
  return first_of_all(context, [&](const SyncRecord& record) -> std::string {
    const auto last = last_report(context.disk, context.paths, record.root);
    if (!last || last->state == "synced" || last->state == "nothing" || last->state == "queued") return "";
    return cat("the last sync is ", last->state, ", ", printable(last->why));
  });
}

// A mirror gets everything that is pushed to refs/kra/ as well.
Finding check_sync_mirror(Context& context) {
  return first_of_all(context, [&](const SyncRecord& record) -> std::string {
    const auto place = find_repository(context.disk, record.root);
    if (!place) return "";
    return git_setting(place->config, cat("remote.", record.remote, ".mirror")) == "true" ? cat("the remote ", printable(record.remote), " is a mirror") : "";
  });
}

}  // namespace kra::cli
