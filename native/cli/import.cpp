// kra export and import: a workspace as one file, and from tmux-resurrect and kra-tmux.
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "base/version.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/import.hpp"
#include "os/process.hpp"

namespace kra::cli {

static ExitCode run_export(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  const auto reference = OR_FAIL(parse_reference(call.argument(0)));
  if (!reference.name.empty()) OR_FAIL(existing_save(history, reference.name));
  auto generation = history.find(reference, wall_now());
  tell_findings(console, history);
  if (!generation) return fail(console, generation.error());
  const auto bytes = OR_FAIL(serialise(*generation));
  const auto file = call.argument(1);
  if (!file.empty()) return OR_FAIL(context.disk.create(file, bytes)), ExitCode::done;
  if (console.out_is_terminal()) return fail(console, {Fault::usage, "export: the save is no text; name a file or send it into one"});
  return console.out(bytes), ExitCode::done;
}

static std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Where tmux-resurrect keeps its newest save.
static Result<std::string> resurrect_file(Context& context, const std::string& given) {
  const auto home = variable("HOME"), data = variable("XDG_DATA_HOME");
  std::vector<std::string> directories = {home + "/.tmux/resurrect", cat(data.empty() ? home + "/.local/share" : data, "/tmux/resurrect")};
  if (!given.empty()) directories = {given};
  for (const auto& directory : directories) {
    const auto file = followed(directory + "/last");
    if (context.disk.info(file)) return file;
  }
  return Error{Fault::not_found, cat("no save of tmux-resurrect: ", join(directories, " and "), " hold no file `last`")};
}

// A file of another program's, read by `read`.
static Result<Generation> converted(Context& context, const std::string& file, const std::function<Result<Workspace>(const std::string&)>& read) {
  const auto text = TRY(context.disk.read(followed(file), stored_limit));
  return as_import({{.saved_at = wall_now().ms, .message = cat("from ", file)}, TRY_TO(file, read(text))});
}

static Result<Generation> imported(Context& context, const Call& call) {
  const auto what = call.argument(0);
  if (what == "resurrect") return converted(context, TRY(resurrect_file(context, call.argument(1))), read_resurrect);
  if (what == "kra-tmux") {
    if (call.arguments.size() < 2) return Error{Fault::usage, "import: kra-tmux needs the file of a save: kra import kra-tmux FILE"};
    return converted(context, call.argument(1), [](const std::string& text) { return read_kra_tmux(text, user_home()); });
  }
  if (call.arguments.size() > 1) return Error{Fault::usage, cat("import: unexpected ", printable(call.argument(1)))};
  const auto bytes = TRY(context.disk.read(followed(what), stored_limit));
  return as_import(TRY_TO(what, deserialise(bytes)));
}

static ExitCode run_import(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  const auto what = call.argument(0);
  const auto name = call.has("name") ? call.value("name") : what == "resurrect" || what == "kra-tmux" ? what : "imported";
  OR_FAIL(check_save_name(name));
  auto history = context.history();
  for (const auto& taken : OR_FAIL(history.names()))
    if (taken == name) return fail(console, {Fault::conflict, cat("there is a save called ", printable(name), " already; --name gives this one another")});
  auto generation = OR_FAIL(imported(context, call));
  generation.stamp.release = std::string(version());
  OR_FAIL(history.write(name, generation.workspace, generation.stamp, Patience::of(Milliseconds(10'000))));
  console.line("imported ", printable(name), ": ", text_of(count(generation.workspace)), "; `kra restore ", printable(name), "` brings it back");
  return ExitCode::done;
}

CommandRow export_command() {
  return {.name = "export",
          .group = Group::history,
          .usage = "NAME[@G] [FILE]",
          .summary = "write a save into one file, for another machine",
          .detail = "The file holds what `kra show` shows, and what the editors had open. A file that\n"
                    "is there is not written over (exit 4). Without FILE it goes to standard output.",
          .examples = "kra export work work.kra\nkra export work | ssh host 'cat > work.kra'",
          .arguments = {{"NAME[@G]", "a save and its generation, else the newest", "", Completes::save}, {"FILE", "where to", "", Completes::file}},
          .least = 1,
          .most = 2,
          .server = true,
          .run = run_export};
}

CommandRow import_command() {
  return {.name = "import",
          .group = Group::history,
          .usage = "FILE | resurrect [DIR] | kra-tmux FILE",
          .summary = "take in a save from another machine, tmux-resurrect or kra-tmux",
          .detail = "The import becomes a save of its own. Nothing in it is started unasked: each\n"
                    "program is shown in its pane and waits for Enter. tmux-resurrect keeps command\n"
                    "lines without their quotes, kra-tmux only the names of programs, so look at\n"
                    "them before you press it. A file that is called like one of these words is\n"
                    "named ./resurrect.",
          .examples = "kra import work.kra --name work\nkra import resurrect\nkra import kra-tmux ~/.kra/tmux-files/sessions/work",
          .flags = {{0, "name", "NAME", "what it is called here; else imported, resurrect or kra-tmux"}},
          .arguments = {{"FILE", "an exported save, or the word resurrect or kra-tmux", "", Completes::file},
                        {"DIR", "where tmux-resurrect keeps its saves, or the file of kra-tmux", "", Completes::file}},
          .least = 1,
          .most = 2,
          .server = true,
          .run = run_import};
}

}  // namespace kra::cli
