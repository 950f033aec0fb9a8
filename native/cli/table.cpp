#include "cli/table.hpp"

#include <algorithm>

namespace kra::cli {

const std::vector<CommandRow>& command_table() {
  static const std::vector<CommandRow> rows = {
      save_command(),
      flush_command(),
      sync_command(),
      hold_command(),
      pause_command(),
      resume_command(),
      write_command(),
      restore_command(),
      undo_command(),
      drafts_command(),
      forget_command(),
      list_command(),
      log_command(),
      show_command(),
      diff_command(),
      rename_command(),
      delete_command(),
      keep_command(),
      verify_command(),
      audit_command(),
      watch_command(),
      changes_command(),
      export_command(),
      import_command(),
      handoff_command(),
      status_command(),
      metrics_command(),
      doctor_command(),
      config_command(),
      exec_command(),
      init_command(),
      integrate_command(),
      note_command(),
      daemon_command(),
      pin_command(),
      tmux_command(),
      help_command(),
      version_command(),
      completions_command(),
      event_command(),
      draft_take_command(),
      affected_command(),
      run_command(),
  };
  return rows;
}

const CommandRow* find_command(std::string_view name) {
  const auto& rows = command_table();
  auto found = std::find_if(rows.begin(), rows.end(), [&](const CommandRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

std::string unknown_command(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& row : command_table())
    if (!row.hidden) known.emplace_back(row.name);
  auto meant = nearest(name, known);
  return cat("unknown command ", printable(name), "; ", meant ? cat("did you mean ", *meant, "?") : "`kra help` lists what there is");
}

}  // namespace kra::cli
