// kra config: settings, where each comes from, and changing one without losing a comment.
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/asking.hpp"
#include "cli/config_edit.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"

extern char** environ;

namespace kra::cli {

static Value setting_value(const OptionRow& row, const Setting& setting) {
  return Value::Map{{"name", setting.name},       {"value", setting.value}, {"default", row.fallback}, {"source", source_name(setting.source)},
                    {"kind", option_kind(row)}, {"variable", option_variable(row.name)}, {"text", row.text}};
}

static Result<const OptionRow*> named(const std::string& name) {
  const auto* row = find_option(name);
  if (row) return row;
  std::vector<std::string> known;
  for (const auto& each : option_table()) known.emplace_back(each.name);
  auto meant = nearest(name, known);
  return Error{Fault::usage, cat("config: unknown setting ", printable(name), meant ? cat("; did you mean ", *meant, "?") : "; `kra config show` lists them")};
}

// A section's, or one; all without a name.
static Result<std::vector<const OptionRow*>> rows_of(const std::string& name) {
  std::vector<const OptionRow*> rows;
  for (const auto& row : option_table())
    if (name.empty() || row.name == name || row.name.starts_with(name + ".")) rows.push_back(&row);
  if (rows.empty()) rows.push_back(TRY(named(name)));
  return rows;
}

static ExitCode show(const Call& call, Console& console, Context& context) {
  const auto shown = OR_FAIL(rows_of(call.argument(1)));
  auto loaded = OR_FAIL(context.settings());
  if (call.json()) {
    Value::Array settings;
    for (const auto* row : shown) settings.push_back(setting_value(*row, loaded.of(row->name)));
    console.json(Value::Map{{"file", context.paths.config_file()}, {"settings", std::move(settings)}});
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto* row : shown) {
    const auto& setting = loaded.of(row->name);
    auto text = option_text(*row, setting.value);
    bool changed = setting.source != Source::fallback;
    rows.push_back({std::string(row->name), changed ? console.bold(text) : text, std::string(source_name(setting.source))});
  }
  return console.out(aligned(rows)), ExitCode::done;
}

static ExitCode get(const Call& call, Console& console, Context& context) {
  const auto* row = OR_FAIL(named(call.argument(1)));
  auto loaded = OR_FAIL(context.settings());
  const auto& setting = loaded.of(row->name);
  if (call.json()) console.json(setting_value(*row, setting));
  else console.line(setting.value.text() ? *setting.value.text() : option_text(*row, setting.value));
  return ExitCode::done;
}

static Result<void> write_config(Context& context, const std::string& text) {
  auto path = followed(context.paths.config_file());
  struct stat before {};
  bool existed = ::stat(path.c_str(), &before) == 0;
  if (!existed) TRY(context.disk.make_directory(context.paths.config));
  TRY(context.disk.replace(path, text));
  if (existed && ::chmod(path.c_str(), before.st_mode & 07777) != 0) return Error{Fault::io, cat(path, ": ", std::strerror(errno))};
  return {};
}

static Result<std::string> read_config(Context& context) {
  auto text = context.disk.read(followed(context.paths.config_file()), config_read_limit);
  if (!text && text.error().fault == Fault::not_found) return std::string();
  return text;
}

// A daemon that runs hands the new settings on to its editors; one that does not answer reads them by itself with its next work.
static void apply(const Context& context) { (void)ask_daemon(context, Start::never, "reload", Value::Map{}, Milliseconds(1000)); }

static ExitCode set(const Call& call, Console& console, Context& context) {
  const auto* row = OR_FAIL(named(call.argument(1)));
  if (call.arguments.size() < 3) return fail(console, {Fault::usage, cat("config: set needs a value: ", row->name, " is ", option_kind(*row))});
  auto value = OR_FAIL(option_value(*row, call.argument(2)));
  auto text = OR_FAIL(read_config(context));
  auto edited = OR_FAIL(with_setting(context.paths.config_file(), text, *row, option_text(*row, value)));
  OR_FAIL(write_config(context, edited));
  apply(context);
  auto loaded = OR_FAIL(context.settings());
  if (loaded.of(row->name).source == Source::environment)
    console.say(cat(option_variable(row->name), " in the environment wins over this value"));
  return ExitCode::done;
}

static ExitCode check(const Call& call, Console& console, Context& context) {
  auto path = call.arguments.size() > 1 ? call.argument(1) : context.paths.config_file();
  auto text = context.disk.read(followed(path), config_read_limit);
  bool missing = !text && text.error().fault == Fault::not_found;
  if (!text && (!missing || call.arguments.size() > 1)) return fail(console, text.error());
  auto loaded = load_settings(path, missing ? std::string_view() : std::string_view(*text));
  if (!loaded) return fail(console, {Fault::refused, loaded.error().what});
  if (call.json()) console.json(Value::Map{{"file", path}, {"exists", !missing}, {"ok", true}});
  else console.line(path, missing ? ": not there, so the defaults count" : ": every setting is right");
  return ExitCode::done;
}

static ExitCode edit(const Call&, Console& console, Context& context) {
  auto text = OR_FAIL(read_config(context));
  if (text.empty()) OR_FAIL(write_config(context, sample_config()));
  const char* visual = std::getenv("VISUAL");
  if (!visual || !*visual) visual = std::getenv("EDITOR");
  auto path = followed(context.paths.config_file());
  std::vector<std::string> words;
  for (auto word : split(visual && *visual ? visual : "vi", " "))
    if (!word.empty()) words.emplace_back(word);
  words.push_back(path);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  int error = ::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ);
  if (error != 0) return fail(console, {Fault::io, cat("config: ", words[0], ": ", std::strerror(error), "; set EDITOR to your editor")});
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(console, {Fault::io, cat("config: ", words[0], " failed; the file is as it left it")});
  OR_FAIL(context.settings());
  apply(context);
  return ExitCode::done;
}

static ExitCode path(const Call& call, Console& console, const Context& context) {
  if (call.json()) console.json(Value::Map{{"file", context.paths.config_file()}});
  else console.line(context.paths.config_file());
  return ExitCode::done;
}

static ExitCode run_config(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto action = call.arguments.empty() ? "show" : call.argument(0);
  if (action == "show") return show(call, console, context);
  if (action == "check") return check(call, console, context);
  if (action == "edit") return edit(call, console, context);
  if (action == "path") return path(call, console, context);
  if (call.arguments.size() < 2) return fail(console, {Fault::usage, cat("config: ", action, " needs the name of a setting; `kra config show` lists them")});
  return action == "get" ? get(call, console, context) : set(call, console, context);
}

CommandRow config_command() {
  return {.name = "config",
          .group = Group::settings,
          .usage = "[show|get|set|check|path|edit] [NAME] [VALUE]",
          .summary = "show, check and change settings",
          .detail = "show    settings (all, or of a section), their values and where each comes from\n"
                    "get     one value\n"
                    "set     write one value into config.yaml; comments stay\n"
                    "check   read config.yaml, or the file that is named\n"
                    "path    where config.yaml lies\n"
                    "edit    open it in $VISUAL or $EDITOR, and check it afterwards",
          .examples = "kra config get autosave.timeout_ms\n"
                      "kra config set restore.programs nvim,less,htop",
          .arguments = {{"ACTION", "show when none is given", "show|get|set|check|path|edit"},
                        {"NAME", "a setting such as autosave.timeout_ms, of show also a section, or a file to check", "", Completes::option},
                        {"VALUE", "of lists: separated by commas"}},
          .most = 3,
          .json = true,
          .run = run_config};
}

}  // namespace kra::cli
