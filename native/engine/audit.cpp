#include "engine/audit.hpp"

#include "base/text.hpp"

namespace kra {

static constexpr std::uint64_t file_limit = 1U << 20;
static constexpr std::size_t line_limit = 2000;
static constexpr Milliseconds lock_time{200};

static std::string former(const Paths& paths) { return paths.audit_log() + ".1"; }

void note_act(Disk& disk, const Paths& paths, std::string_view kind, std::string_view text) {
  const auto path = paths.audit_log();
  auto lock = disk.lock(path + ".lock", Patience::of(lock_time));
  if (!lock) return;
  if (const auto info = disk.info(path); info && info->size >= file_limit) (void)disk.rename(path, former(paths)).ok();
  auto shown = printable(text).substr(0, line_limit);
  (void)disk.append(path, cat(wall_now().ms, "\t", kind, "\t", shown, "\n"), false).ok();
}

std::optional<Act> parse_act(std::string_view line) {
  const auto fields = split(line, "\t");
  const auto at = parse_int(fields[0]);
  if (fields.size() != 3 || !at || fields[1].empty()) return {};
  return Act{{*at}, std::string(fields[1]), printable(fields[2])};
}

Result<std::vector<Act>> acts_since(Disk& disk, const Paths& paths, WallTime since) {
  std::vector<Act> acts;
  for (const auto& path : {former(paths), paths.audit_log()}) {
    const auto text = disk.read(path, 2 * file_limit);
    if (!text && text.error().fault == Fault::not_found) continue;
    if (!text) return text.error();
    for (const auto line : split(*text, "\n")) {
      auto act = parse_act(line);
      if (act && act->at >= since) acts.push_back(std::move(*act));
    }
  }
  return acts;
}

}  // namespace kra
