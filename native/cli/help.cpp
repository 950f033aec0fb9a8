#include "cli/help.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/table.hpp"

namespace kra::cli {

std::string_view group_title(Group group) {
  switch (group) {
    case Group::work: return "Work";
    case Group::history: return "Saves and their history";
    case Group::settings: return "Settings and state";
    case Group::plumbing: return "For shells, hooks and scripts";
  }
  return "";
}

std::string flag_usage(const Flag& flag) {
  auto text = flag.letter ? cat("-", flag.letter, ", --", flag.name) : cat("    --", flag.name);
  return flag.value.empty() ? text : cat(text, " ", flag.value);
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  for (auto word : split(text, " ")) {
    if (!out.empty() && column + 1 + word.size() > width) {
      out.append(cat("\n", std::string(indent, ' ')));
      column = indent;
    } else if (!out.empty()) {
      out.push_back(' ');
      ++column;
    }
    out.append(word);
    column += word.size();
  }
  return out;
}

static std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// Rows of a term and its explanation, explanations in one column. A long term gets a line of its own.
static std::string described(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t column = 0;
  for (const auto& row : rows)
    if (row.first.size() <= 24) column = std::max(column, row.first.size());
  std::string out;
  for (const auto& [term, text] : rows) {
    auto indent = column + 4;
    auto gap = term.size() <= column ? padded(term, column + 2) : cat(term, "\n", std::string(column + 4, ' '));
    out.append(cat("  ", gap, wrapped(text, indent, 79), "\n"));
  }
  return out;
}

std::string overview_help() {
  std::string out = "kra saves and restores tmux sessions, Neovim and what runs in them.\n\nUsage: kra COMMAND [OPTION...]\n";
  for (auto group : {Group::work, Group::history, Group::settings, Group::plumbing}) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& row : command_table())
      if (row.group == group && !row.hidden) rows.emplace_back(row.name, row.summary);
    if (!rows.empty()) out.append(cat("\n", group_title(group), ":\n", described(rows)));
  }
  return out + "\n`kra COMMAND --help` tells more; `kra` alone says whether the work is safe.\n";
}

std::string command_help(const CommandRow& row) {
  auto out = cat("kra ", row.name, ": ", row.summary, "\n\nUsage: kra ", row.name, row.usage.empty() ? "" : " ", row.usage, " [OPTION...]\n");
  if (!row.detail.empty()) out.append(cat("\n", row.detail, "\n"));
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& argument : row.arguments) rows.emplace_back(argument.name, argument.text);
  if (!rows.empty()) out.append(cat("\nArguments:\n", described(rows)));
  rows.clear();
  for (const auto& flag : all_flags(row)) rows.emplace_back(flag_usage(flag), flag.text);
  out.append(cat("\nOptions:\n", described(rows)));
  if (row.examples.empty()) return out;
  out.append("\nExamples:\n");
  for (auto line : split(row.examples, "\n")) out.append(cat("  ", line, "\n"));
  return out;
}

static ExitCode run_help(const Call& call, Console& console) {
  if (call.has("man")) return console.out(man_page()), ExitCode::done;
  if (call.has("config-man")) return console.out(settings_man_page()), ExitCode::done;
  if (call.arguments.empty()) return console.out(overview_help()), ExitCode::done;
  const auto* row = find_command(call.arguments[0]);
  if (row) return console.out(command_help(*row)), ExitCode::done;
  console.say(unknown_command(call.arguments[0]));
  return ExitCode::usage;
}

CommandRow help_command() {
  return {.name = "help", .group = Group::settings, .usage = "[COMMAND]", .summary = "list the commands, or explain one",
          .flags = {{0, "man", "", "print kra(1) as a man page"}, {0, "config-man", "", "print kra.yaml(5) as a man page"}},
          .arguments = {{"COMMAND", "the command to explain", "", Completes::command}}, .most = 1, .run = run_help};
}

}  // namespace kra::cli
