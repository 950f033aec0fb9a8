#include "engine/scrollback.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/history.hpp"
#include "model/config.hpp"
#include "os/process.hpp"
#include "peers/tmux_contents.hpp"

namespace kra {
namespace {

constexpr std::uint64_t limit = 1U << 20;

// The end of it, from the start of a line on, without the empty lines below.
std::string_view last_of(std::string_view contents) {
  const auto end = contents.find_last_not_of("\n ");
  contents = contents.substr(0, end == contents.npos ? 0 : end + 1);
  if (contents.size() <= limit) return contents;
  contents.remove_prefix(contents.size() - limit);
  return contents.substr(std::min(contents.find('\n'), contents.size() - 1) + 1);
}

std::string name_of(std::string_view contents) { return cat(hex(hash64(contents), 16), "-", static_cast<unsigned long long>(contents.size())); }

// Calls `visit` with each pane that runs and what will be stored of it. A save of one session has only that; one that waits to be filled
// keeps what was stored of it.
template <class Visit>
void each_pane(Captured& captured, Visit visit) {
  for (const auto& session : captured.live.sessions) {
    auto& all = captured.workspace.sessions;
    const auto stored = std::find_if(all.begin(), all.end(), [&](const Session& one) { return one.name == session.session.name; });
    if (stored == all.end() || !session.lazy.empty()) continue;
    for (std::size_t w = 0; w < session.windows.size() && w < stored->windows.size(); ++w) {
      auto& panes = stored->windows[w].panes;
      for (std::size_t p = 0; p < session.windows[w].panes.size() && p < panes.size(); ++p) visit(session.windows[w].panes[p], panes[p]);
    }
  }
}

// Which panes may be kept.
std::vector<std::string> open_panes(Captured& captured) {
  std::vector<std::string> ids;
  const auto among = [](const std::vector<std::string>& list, const std::string& id) { return std::find(list.begin(), list.end(), id) != list.end(); };
  each_pane(captured, [&](const LivePane& live, const Pane&) {
    if (live.dead || live.alternate || among(captured.private_panes, live.id) || hides_input(live.pid)) return;
    if (!among(ids, live.id)) ids.push_back(live.id);
  });
  return ids;
}

// The file's time says when a save named it last; rewritten once a day, since a link to it stands in every save.
Result<void> store(Disk& disk, const std::string& path, std::string_view contents) {
  const auto info = disk.info(path);
  constexpr std::int64_t day = 24 * 3600 * 1000;
  if (info && wall_now().ms - info->modified_ms < day) return {};
  return disk.replace(path, contents);
}

void add_named(const Workspace& workspace, std::set<std::string>& named) {
  for (const auto& session : workspace.sessions)
    for (const auto& window : session.windows)
      for (const auto& pane : window.panes) named.insert(pane.scrollback);
}

// What generations name that no thinning takes, of all servers. An error: what cannot be read may name anything.
Result<std::set<std::string>> named_for_good(Disk& disk, const Paths& paths) {
  std::set<std::string> named;
  for (const auto& root : {paths.workspaces(""), paths.undo("")}) {
    auto servers = disk.list(root);
    if (!servers && servers.error().fault != Fault::not_found) return std::move(servers.error());
    for (const auto& server : servers ? *servers : std::vector<std::string>{}) {
      History history(disk, cat(root, server), paths.corrupt());
      for (const auto& name : TRY(history.names()))
        for (const auto& entry : TRY(history.log(name)))
          if (entry.kept || entry.restored_from) add_named(TRY(history.load(name, entry.stamp.generation)).workspace, named);
    }
  }
  return named;
}

Result<void> remove_old(Disk& disk, const Paths& paths, const Settings& settings) {
  const auto oldest = wall_now().ms - settings.history.daily_for.count() - 2 * 24 * 3600 * 1000LL;
  std::optional<std::set<std::string>> named;
  for (const auto& name : TRY(disk.list(paths.scrollback()))) {
    const auto path = cat(paths.scrollback(), "/", name);
    const auto info = disk.info(path);
    if (!info || info->directory || info->modified_ms >= oldest) continue;
    if (!named) named = TRY(named_for_good(disk, paths));
    if (!named->contains(name)) TRY(disk.remove(path));
  }
  return {};
}

}  // namespace

Result<void> keep_scrollback(Disk& disk, const Paths& paths, const TmuxServer& server, Captured& captured, const Settings& settings,
                             const Patience& patience) {
  const auto ids = open_panes(captured);
  const auto contents = TRY(read_contents(server, ids, patience));
  TRY(disk.make_directory(paths.scrollback()));
  std::map<std::string, std::string> names;
  for (std::size_t i = 0; i < ids.size() && i < contents.size(); ++i) {
    const auto kept = last_of(contents[i]);
    if (kept.empty()) continue;
    names[ids[i]] = name_of(kept);
    TRY(store(disk, cat(paths.scrollback(), "/", names[ids[i]]), kept));
  }
  each_pane(captured, [&](const LivePane& live, Pane& stored) { stored.scrollback = names[live.id]; });
  // What cannot be cleared away now will be later.
  (void)remove_old(disk, paths, settings).ok();
  return {};
}

Result<std::string> read_scrollback(Disk& disk, const Paths& paths, const std::string& name) {
  if (name.empty() || name.find_first_not_of("0123456789abcdef-") != name.npos) return Error{Fault::refused, "no contents of that name"};
  auto contents = TRY(disk.read(cat(paths.scrollback(), "/", name), limit));
  if (name_of(contents) != name) return Error{Fault::corrupt, cat("the kept contents ", name, " are damaged")};
  return contents;
}

}  // namespace kra
