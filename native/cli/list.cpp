// kra list and log: which saves there are, and the generations of one.
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"

namespace kra::cli {

static Value entry_value(const std::string& name, const LogEntry& entry) {
  return Value::Map{{"name", name},
                    {"generation", entry.stamp.generation},
                    {"saved_at", rfc3339({entry.stamp.saved_at})},
                    {"reason", entry.stamp.reason},
                    {"message", entry.stamp.message},
                    {"sessions", entry.counts.sessions},
                    {"windows", entry.counts.windows},
                    {"panes", entry.counts.panes},
                    {"editors", entry.counts.editors},
                    {"bytes", entry.bytes},
                    {"kept", entry.kept},
                    {"restored_from", entry.restored_from}};
}

static ExitCode run_list(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto names = OR_FAIL(history.names());
  if (call.has("names")) {
    for (const auto& name : names) console.line(name);
    return ExitCode::done;
  }
  auto current = OR_FAIL(history.current_name());
  Value::Array saves;
  std::vector<std::vector<std::string>> rows;
  for (const auto& name : names) {
    auto log = OR_FAIL(history.log(name));
    if (log.empty()) continue;
    auto value = entry_value(name, log.front());
    value.set("current", name == current);
    value.set("generations", log.size());
    saves.push_back(std::move(value));
    rows.push_back({name == current ? "*" : " ", console.bold(printable(name)), ago({log.front().stamp.saved_at}, wall_now()), text_of(log.front().counts),
                    cat(log.size(), log.size() == 1 ? " generation" : " generations")});
  }
  if (call.json()) return console.json(Value::Map{{"current", current}, {"saves", std::move(saves)}}), ExitCode::done;
  if (rows.empty()) console.say("no saves yet; `kra save` makes one");
  return console.out(aligned(rows)), ExitCode::done;
}

CommandRow list_command() {
  return {.name = "list",
          .group = Group::history,
          .summary = "list the saves",
          .detail = "The one that autosave writes is marked with *.",
          .flags = {{0, "names", "", "print the names only"}},
          .json = true,
          .server = true,
          .run = run_list};
}

static ExitCode run_log(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto name = call.arguments.empty() ? OR_FAIL(history.current_name()) : call.argument(0);
  OR_FAIL(existing_save(history, name));
  auto log = OR_FAIL(history.log(name));
  if (call.json()) {
    Value::Array entries;
    for (const auto& entry : log) entries.push_back(entry_value(name, entry));
    return console.json(Value::Map{{"name", name}, {"generations", std::move(entries)}}), ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : log) {
    auto marks = cat(entry.kept ? "kept " : "", entry.restored_from ? "restored from " : "");
    rows.push_back({console.bold(cat(printable(name), "@", entry.stamp.generation)), ago({entry.stamp.saved_at}, wall_now()), printable(entry.stamp.reason),
                    text_of(entry.counts), size_text(entry.bytes), cat(marks, printable(entry.stamp.message))});
  }
  return console.out(aligned(rows)), ExitCode::done;
}

CommandRow log_command() {
  return {.name = "log",
          .group = Group::history,
          .usage = "[NAME]",
          .summary = "list the generations of a save, newest first",
          .examples = "kra log\nkra log work --json",
          .arguments = {{"NAME", "the current save when none is given", "", Completes::save}},
          .most = 1,
          .json = true,
          .server = true,
          .run = run_log};
}

}  // namespace kra::cli
