// The commands. A new one is a file with a function that makes its row, a line here and a line in table.cpp.
#pragma once

#include "cli/command.hpp"

namespace kra::cli {

const std::vector<CommandRow>& command_table();
const CommandRow* find_command(std::string_view name);
// One line that says that there is no such command and which one was probably meant.
std::string unknown_command(std::string_view name);

// Work.
CommandRow save_command();
CommandRow flush_command();
CommandRow drafts_command();
CommandRow sync_command();
CommandRow forget_command();
CommandRow hold_command();
CommandRow pause_command();
CommandRow resume_command();
CommandRow write_command();
// Saves and their history.
CommandRow list_command();
CommandRow log_command();
CommandRow show_command();
CommandRow note_command();
CommandRow diff_command();
CommandRow rename_command();
CommandRow delete_command();
CommandRow keep_command();
CommandRow verify_command();
CommandRow audit_command();
CommandRow export_command();
CommandRow import_command();
CommandRow handoff_command();
CommandRow restore_command();
CommandRow undo_command();
// Changes of files.
CommandRow watch_command();
CommandRow changes_command();
CommandRow affected_command();
CommandRow run_command();
// Settings and state.
CommandRow status_command();
CommandRow metrics_command();
CommandRow doctor_command();
CommandRow config_command();
CommandRow daemon_command();
CommandRow help_command();
CommandRow init_command();
CommandRow integrate_command();
CommandRow pin_command();
CommandRow tmux_command();
CommandRow version_command();
// What `kra` alone prints: whether the work is safe, what is pending, three examples.
ExitCode run_overview(const Call& call, Console& console);
// For shells, hooks and scripts.
CommandRow completions_command();
CommandRow exec_command();
CommandRow draft_take_command();
CommandRow event_command();


}  // namespace kra::cli
