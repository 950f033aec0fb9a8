#include "model/tmux_options.hpp"

#include <algorithm>

namespace kra {

const std::vector<std::string_view>& saved_window_options() {
  static const std::vector<std::string_view> names = {
      "aggressive-resize",        "main-pane-height",   "main-pane-width",   "mode-keys",        "monitor-activity",
      "monitor-bell",             "monitor-silence",    "other-pane-height", "other-pane-width", "pane-active-border-style",
      "pane-border-format",       "pane-border-lines",  "pane-border-style", "pane-border-status", "remain-on-exit",
      "synchronize-panes",
  };
  return names;
}

bool is_harmless(const Option& option) {
  const auto& names = saved_window_options();
  if (std::find(names.begin(), names.end(), option.name) == names.end()) return false;
  // A job, or a format that expands what it finds once more, and so could come to a job.
  return option.value.find("#(") == std::string::npos && option.value.find("E:") == std::string::npos &&
         option.value.find("T:") == std::string::npos;
}

}  // namespace kra
