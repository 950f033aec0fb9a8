// The man pages, in roff with the man macros (groff_man(7)), made from the tables.
#include "base/version.hpp"
#include "cli/help.hpp"
#include "cli/table.hpp"
#include "model/config.hpp"

namespace kra::cli {

namespace {

// A line that roff prints as it stands: a backslash and a hyphen escaped, no control character in front.
std::string roff(std::string_view text) {
  std::string out;
  for (char c : text) out.append(c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c));
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string item(std::string_view term, std::string_view text) { return cat(".TP\n.B ", roff(term), "\n", roff(text), "\n"); }

// Lines as they stand, not filled.
std::string block(std::string_view text) {
  std::string out = ".nf\n";
  for (auto line : split(text, "\n")) out.append(roff(line) + "\n");
  return out + ".fi\n";
}

std::string command_section(const CommandRow& row) {
  auto out = cat(".SS kra ", roff(row.name), row.usage.empty() ? "" : " ", roff(row.usage), "\n", roff(row.summary), ".\n");
  if (!row.detail.empty()) out.append(".PP\n" + block(row.detail));
  for (const auto& argument : row.arguments) out.append(item(argument.name, argument.text));
  for (const auto& flag : all_flags(row)) {
    if (flag.name == "help") continue;
    auto letter = flag.letter ? cat("-", flag.letter, ", ") : "";
    out.append(item(cat(letter, "--", flag.name, flag.value.empty() ? "" : " ", flag.value), flag.text));
  }
  if (!row.examples.empty()) out.append(".PP\nExamples:\n.PP\n.RS 4\n" + block(row.examples) + ".RE\n");
  return out;
}

std::string header(std::string_view title, int section) {
  return cat(".\\\" Made by `kra help`; the tables in native/cli and native/model are its source.\n.TH ", title, " ", section, " \"\" \"kra ", version(), "\"\n");
}

}  // namespace

std::string man_page() {
  auto out = header("KRA", 1);
  out.append(".SH NAME\nkra \\- save and restore tmux sessions, Neovim and what runs in them\n"
             ".SH SYNOPSIS\n.B kra\n.I COMMAND\n.RI [ OPTION ...]\n"
             ".SH DESCRIPTION\n"
             "kra keeps the work of a terminal: tmux sessions, windows and panes with their directories and programs, and the state of Neovim. "
             "It saves by itself after changes, keeps a history of saves, and restores any of them. "
             "Without a command it says whether the work is safe and since when.\n.PP\n"
             "Data goes to standard output, messages to standard error. With\n.B \\-\\-json\na command prints one JSON object.\n"
             ".SH COMMANDS\nEvery command takes\n.BR \\-h .\n");
  for (auto group : {Group::work, Group::history, Group::settings, Group::plumbing})
    for (const auto& row : command_table())
      if (row.group == group && !row.hidden) out.append(command_section(row));
  out.append(".SH EXIT STATUS\n");
  out.append(item("0", "Done, also when there was nothing to save."));
  out.append(item("1", "Failed."));
  out.append(item("2", "The command line was wrong."));
  out.append(item("3", "There was nothing to act on (undo, restore)."));
  out.append(item("4", "A decision is needed: a conflict, or a name that is taken."));
  out.append(item("69", "No daemon could be had."));
  out.append(item("75", "Locked or busy; try again."));
  out.append(".SH ENVIRONMENT\n");
  out.append(item("KRA_STATE_DIR, KRA_CONFIG_DIR, KRA_RUNTIME_DIR", "Directories for saves, for config.yaml, and for the socket."));
  out.append(item("KRA_SECTION_NAME", "Any setting: KRA_AUTOSAVE_TIMEOUT_MS is autosave.timeout_ms."));
  out.append(item("TMUX", "The tmux server that is meant when neither -L nor -S is given."));
  out.append(item("NO_COLOR", "No colours when it is set."));
  out.append(item("VISUAL, EDITOR", "What kra config edit opens."));
  out.append(".SH FILES\n");
  out.append(item("$XDG_STATE_HOME/kra (~/.local/state/kra)", "Saves and logs."));
  out.append(item("$XDG_CONFIG_HOME/kra/config.yaml (~/.config/kra/config.yaml)", "Settings."));
  out.append(item("$XDG_RUNTIME_DIR/kra", "The daemon's socket and lock."));
  return out + ".SH SEE ALSO\n.BR kra.yaml (5),\n.BR tmux (1),\n.BR nvim (1)\n";
}

std::string settings_man_page() {
  auto out = header("KRA.YAML", 5);
  out.append(".SH NAME\nkra.yaml \\- settings of kra, in config.yaml\n.SH DESCRIPTION\n"
             "Settings lie in\n.I $XDG_CONFIG_HOME/kra/config.yaml\n"
             "(\n.B kra config path\nprints where). The file is YAML: sections with one setting a line. Anchors, aliases, tags, keys that stand twice and "
             "unknown keys are refused with file, line and column, and so is a file above 64 KiB; the daemon then keeps the last settings that were right. "
             "A change applies without a restart.\n.PP\n"
             "An environment variable wins over setup() of an editor, this over the @kra\\-* options of a tmux server, these over config.yaml, "
             "and this over the default. The variable is named after the setting: KRA_AUTOSAVE_TIMEOUT_MS is autosave.timeout_ms. "
             "Items of a list are separated by commas there.\n.SH SETTINGS\n");
  std::string section;
  for (const auto& row : option_table()) {
    auto dot = row.name.find('.');
    if (row.name.substr(0, dot) != section) out.append(cat(".SS ", section = row.name.substr(0, dot), "\n"));
    std::string text(row.text);
    text[0] = static_cast<char>(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]);
    out.append(item(cat(row.name.substr(dot + 1), ": ", row.fallback), cat(text, ". It is ", option_kind(row), ".")));
  }
  return out + ".SH EXAMPLE\n.nf\nautosave:\n  timeout_ms: 5000   # sooner than the default\nrestore:\n  programs: [nvim, less, htop]\n.fi\n"
               ".SH SEE ALSO\n.BR kra (1)\n";
}

}  // namespace kra::cli
