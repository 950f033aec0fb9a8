// kra show: one generation, as a tree for people or as data.
#include "base/record.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/show.hpp"
#include "cli/table.hpp"
#include "os/process.hpp"

namespace kra::cli {

// "vim a.txt" of a pane, as one reads it.
static std::string program_of(const Pane& pane) {
  if (!pane.argv.empty()) return printable(shell_quoted(pane.argv));
  return pane.command.empty() ? "" : printable(shell_quoted(pane.command));
}

std::string home_short(const std::string& path, const std::string& home) {
  bool inside = !home.empty() && home != "/" && path.starts_with(home) && (path.size() == home.size() || path[home.size()] == '/');
  return printable(inside ? cat("~", path.substr(home.size())) : path);
}

static void pane_line(Console& console, const Workspace& workspace, const Pane& pane, const std::string& home) {
  auto program = program_of(pane);
  std::string files;
  for (const auto& editor : workspace.editors) {
    if (pane.editor.empty() || editor.id != pane.editor) continue;
    int modified = 0;
    for (const auto& buffer : editor.buffers) modified += buffer.modified ? 1 : 0;
    files = cat("  (", editor.buffers.size(), editor.buffers.size() == 1 ? " buffer" : " buffers", modified ? cat(", ", modified, " modified") : "", ")");
  }
  console.line("    ", pane.active ? "*" : " ", pane.index, "  ", home_short(pane.cwd, home), program.empty() ? "" : "  ", console.green(program), console.faint(files));
}

void show_tree(Console& console, const Workspace& workspace, const std::string& home) {
  for (const auto& session : workspace.sessions) {
    auto group = session.group.empty() ? "" : cat("  (group ", printable(session.group), ")");
    console.line(console.bold(printable(session.name)), group, session.name == workspace.active_session ? "  *" : "");
    for (const auto& window : session.windows) {
      console.line("  ", window.active ? "*" : " ", window.index, ": ", printable(window.name), window.zoomed ? "  (zoomed)" : "");
      for (const auto& pane : window.panes) pane_line(console, workspace, pane, home);
    }
  }
}

// The stored workspace with the stamp in front. What an editor keeps for itself is left out: it is data for restoring, not for people.
static Value generation_value(const std::string& name, const Generation& generation) {
  Value::Map entries{{"name", name},
                     {"generation", generation.stamp.generation},
                     {"saved_at", rfc3339({generation.stamp.saved_at})},
                     {"reason", generation.stamp.reason},
                     {"message", generation.stamp.message},
                     {"server", generation.stamp.server},
                     {"release", generation.stamp.release}};
  auto workspace = generation.workspace;
  for (auto& editor : workspace.editors) editor.state = Value();
  auto stored = to_value(workspace);
  for (auto& entry : *stored.map()) entries.push_back(std::move(entry));
  return entries;
}

static ExitCode run_show(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto reference = OR_FAIL(parse_reference(call.argument(0)));
  if (reference.name.empty()) reference.name = OR_FAIL(history.current_name());
  auto found = history.find(reference, wall_now());
  tell_findings(console, history);
  if (!found) return fail(console, found.error());
  const auto& generation = *found;
  if (call.json()) return console.json(generation_value(reference.name, generation)), ExitCode::done;
  const auto& stamp = generation.stamp;
  console.line(printable(reference.name), "@", stamp.generation, ", ", ago({stamp.saved_at}, wall_now()), " (", rfc3339({stamp.saved_at}).substr(0, 19), "), ",
               printable(stamp.reason), stamp.message.empty() ? "" : ": ", printable(stamp.message));
  console.line(text_of(count(generation.workspace)), "; tmux ", printable(generation.workspace.tmux_version), " on ", printable(generation.workspace.host));
  console.line();
  show_tree(console, generation.workspace, user_home());
  return ExitCode::done;
}

CommandRow show_command() {
  return {.name = "show",
          .group = Group::history,
          .usage = "[NAME[@G]]",
          .summary = "show what a save holds",
          .detail = "Sessions, windows and panes with directory and program. The active ones are\nmarked with *.",
          .examples = "kra show work\nkra show work@2h --json",
          .arguments = {{"NAME[@G]", "a save and the generation: a number, 2h, monday, 2026-05-01", "", Completes::save}},
          .most = 1,
          .json = true,
          .server = true,
          .run = run_show};
}

}  // namespace kra::cli
