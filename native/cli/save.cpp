// kra save and flush: the daemon saves, since it knows the editors; without one the same engine runs here.
#include <unistd.h>

#include <cstdlib>

#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/save.hpp"

namespace kra::cli {

namespace {

constexpr Milliseconds save_time{60'000};

Result<Value> save_here(Context& context, const SaveRequest& request) {
  auto settings = TRY(context.settings());
  auto history = context.history();
  return value_of(TRY(save(history, context.disk, context.paths, context.server, request, settings.settings, Patience::of(save_time))));
}

void report(const Call& call, Console& console, const Value& answer) {
  if (call.json()) return console.json(answer);
  auto number = [&](std::string_view key) { return static_cast<int>(answer[key].number_or(0)); };
  Counts counts{number("sessions"), number("windows"), number("panes"), number("editors")};
  console.line(answer["changed"].flag_or(true) ? "saved " : "unchanged since ", printable(answer["name"].text_or("")), "@",
               answer["generation"].number_or(0), ": ", text_of(counts), ", ", answer["duration_ms"].number_or(0), " ms");
}

ExitCode nothing_to_save(const Call& call, Console& console, const Context& context) {
  bool named = call.has("socket-path") || call.has("socket-name");
  console.say(cat("nothing to save: no tmux server runs at ", printable(context.server.socket), "; `tmux` starts one"));
  // Whoever names a server means one that is there.
  return named ? ExitCode::failed : ExitCode::done;
}

}  // namespace

static ExitCode run_save(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  SaveRequest request{.name = call.argument(0), .session = call.value("session"), .message = call.value("message")};
  if (!request.name.empty() || !call.arguments.empty()) OR_FAIL(check_save_name(request.name));
  if (no_server(context)) return nothing_to_save(call, console, context);
  Value param = Value::Map{{"server", context.server.socket}, {"name", request.name},      {"session", request.session},
                           {"message", request.message},      {"reason", request.reason}, {"files", Value::Array{}}};
  auto answer = OR_FAIL(ask_daemon(context, Start::if_needed, "save", std::move(param), save_time));
  if (!answer) {
    answer = OR_FAIL(save_here(context, request));
    console.say("no daemon could be had, so this save is without what editors show; `kra doctor` tells more");
  }
  report(call, console, *answer);
  return ExitCode::done;
}

CommandRow save_command() {
  return {.name = "save",
          .usage = "[NAME]",
          .summary = "save now; durable when it returns",
          .detail = "Saves all sessions of the tmux server, with what their programs and editors\n"
                    "show. A NAME becomes the current save, to which autosave goes. When nothing\n"
                    "changed since the last save, nothing is written, and it says so. One session\n"
                    "is a copy under a name of its own: never in a save of more (exit 4).",
          .examples = "kra save\n"
                      "kra save work --message \"before the upgrade\"\n"
                      "kra save --session notes notes",
          .flags = {{0, "session", "NAME", "save this session only"}, {'m', "message", "TEXT", "a note, shown by kra log"}},
          .arguments = {{"NAME", "1 to 64 bytes without @ and /; else the current save, or the session's name", "", Completes::save}},
          .most = 1,
          .json = true,
          .server = true,
          .run = run_save};
}

static std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char* here = ::getcwd(nullptr, 0);
  std::string out = cat(here ? here : "", "/", path);
  std::free(here);
  return out;
}

static ExitCode run_flush(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  Value::Array paths;
  for (const auto& path : call.arguments) paths.emplace_back(absolute(path));
  bool writes = !paths.empty();
  bool serverless = no_server(context);
  Value param = Value::Map{{"paths", std::move(paths)}, {"server", serverless ? "" : context.server.socket}};
  // Without a daemon no editor is connected and nothing is pending; a save now does what is left.
  auto answer = OR_FAIL(ask_daemon(context, serverless ? Start::never : Start::if_needed, "flush", std::move(param), save_time));
  if (!answer && writes) {
    console.say("no daemon could be had, so no editor can be asked to write; `kra doctor` tells more");
    return ExitCode::no_daemon;
  }
  if (serverless && !writes) return nothing_to_save(call, console, context);
  if (!answer) answer = OR_FAIL(save_here(context, {.reason = "flush"}));
  if ((*answer)["generation"].number_or(0) > 0) report(call, console, *answer);
  else if (call.json()) console.json(*answer);
  return ExitCode::done;
}

CommandRow flush_command() {
  return {.name = "flush",
          .usage = "[PATH...]",
          .summary = "do all pending saves now",
          .detail = "With paths: connected editors write these files first, if they are modified.",
          .examples = "kra flush\nkra flush src/main.c && make",
          .arguments = {{"PATH", "a file that is open in an editor", "", Completes::file}},
          .most = any_number,
          .json = true,
          .server = true,
          .run = run_flush};
}

}  // namespace kra::cli
