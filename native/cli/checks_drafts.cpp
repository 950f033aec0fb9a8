// Checks of unsaved text. They read the journals and change nothing.
#include <cstdlib>
#include <set>

#include "cli/checks.hpp"
#include "engine/carry_out.hpp"
#include "engine/draft_appender.hpp"
#include "engine/drafts.hpp"

namespace kra::cli {

Finding check_drafts_write(Context& context) {
  auto why = cannot_write(context.paths.drafts());
  return why ? cat("unsaved text cannot be written to ", context.paths.drafts(), ": ", *why) : Finding();
}

Finding check_drafts_second(Context& context) {
  auto why = cannot_write(context.paths.drafts_second());
  return why ? cat("unsaved text could not be written to ", context.paths.drafts_second(), ", where it goes when the state directory takes none: ", *why) : Finding();
}

// It is made with the first text that is kept.
Finding check_drafts_reserve(Context& context) {
  auto names = context.disk.list(context.paths.drafts());
  bool some = false;
  for (const auto& name : names ? *names : std::vector<std::string>{}) some = some || name.ends_with(".journal");
  auto reserve = context.disk.info(context.paths.drafts() + "/reserve");
  if (!some || (reserve && reserve->size == draft_reserve_bytes)) return std::nullopt;
  return cat("no room is set aside for the last flush of an editor in ", context.paths.drafts());
}

Finding check_drafts_home(Context& context) {
  std::set<std::string> editors;
  for (const auto* below : {"", "/texts"}) {
    auto files = context.disk.list(context.paths.drafts_second() + below);
    for (const auto& name : files ? *files : std::vector<std::string>{})
      if (*below || name.ends_with(".journal")) editors.insert(name.substr(0, name.rfind('.')));
  }
  if (editors.empty()) return std::nullopt;
  return cat("unsaved text of ", editors.size(), editors.size() == 1 ? " editor" : " editors", " lies in ", context.paths.drafts_second(), ", since ", context.paths.drafts(),
             " could not be written");
}

Finding check_drafts_whole(Context& context) {
  auto listed = Drafts(context.disk, context.paths).list({});
  if (!listed) return cat("unsaved text cannot be read: ", listed.error().what);
  const auto& damaged = *(*listed)["damaged"].array();
  if (damaged.empty()) return std::nullopt;
  auto file = damaged.front()["file"].text_or("");
  if (damaged.size() == 1) return cat("1 journal of unsaved text has damage: ", file);
  return cat(damaged.size(), " journals of unsaved text have damage, the first is ", file);
}

Finding check_drafts_waiting(Context& context) {
  auto listed = Drafts(context.disk, context.paths).list({});
  std::size_t waiting = 0;
  if (listed)
    for (const auto& row : *(*listed)["drafts"].array()) waiting += row["state"].text_or("") != "open";
  if (waiting == 0) return std::nullopt;
  return cat("unsaved text of ", waiting, waiting == 1 ? " buffer" : " buffers", " waits for you");
}

Finding check_drafts_abandoned(Context& context) {
  auto status = daemon_status(context);
  if (!status) return std::nullopt;
  const auto* problems = (*status)["problems"].array();
  for (const auto& problem : problems ? *problems : Value::Array{})
    if (problem["code"].text_or("") == "editor_silent") return problem["text"].text_or("");
  return std::nullopt;
}

// Where the plugin looks for it: beside a program that was built, below lib/ of one that was installed.
Finding check_library(Context& context) {
  const char* named = std::getenv("KRA_LIB");
  auto beside = directory_part(own_program());
  std::vector<std::string> places{beside + "/libkra.so", directory_part(beside) + "/lib/kra/libkra.so"};
  if (named && *named == '/') places.insert(places.begin(), named);
  for (const auto& place : places)
    if (context.disk.info(place)) return std::nullopt;
  return cat("libkra.so is not in ", directory_part(places.front()), ": editors write their journals by slower means, and what was typed since the last flush dies with them");
}

}  // namespace kra::cli
