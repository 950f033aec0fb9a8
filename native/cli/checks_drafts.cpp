// Checks of unsaved text. They read the journals and change nothing.
#include "cli/checks.hpp"
#include "engine/drafts.hpp"

namespace kra::cli {

Finding check_drafts_home(Context& context) {
  auto files = context.disk.list(context.paths.drafts_second());
  std::size_t journals = 0;
  for (const auto& name : files ? *files : std::vector<std::string>{}) journals += name.ends_with(".journal");
  if (journals == 0) return std::nullopt;
  return cat("unsaved text of ", journals, journals == 1 ? " editor" : " editors", " lies in ", context.paths.drafts_second(), ", since ", context.paths.drafts(),
             " could not be written");
}

Finding check_drafts_whole(Context& context) {
  auto listed = Drafts(context.disk, context.paths).list({});
  if (!listed) return cat("unsaved text cannot be read: ", listed.error().what);
  const auto& damaged = *(*listed)["damaged"].array();
  if (damaged.empty()) return std::nullopt;
  return cat(damaged.size(), damaged.size() == 1 ? " journal" : " journals", " of unsaved text have damage, the first is ", damaged.front()["file"].text_or(""));
}

Finding check_drafts_waiting(Context& context) {
  auto listed = Drafts(context.disk, context.paths).list({});
  std::size_t waiting = 0;
  if (listed)
    for (const auto& row : *(*listed)["drafts"].array()) waiting += row["state"].text_or("") != "open";
  if (waiting == 0) return std::nullopt;
  return cat("unsaved text of ", waiting, waiting == 1 ? " buffer" : " buffers", " waits for you");
}

}  // namespace kra::cli
