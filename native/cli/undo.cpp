// kra undo: what was closed or replaced last comes back.
#include <csignal>

#include "base/record.hpp"
#include "cli/asking.hpp"
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/audit.hpp"
#include "engine/undo.hpp"

namespace kra::cli {

static Value value_of(const UndoItem& item) {
  return Value::Map{{"id", item.id}, {"kind", text_of(item.kind)}, {"where", item.where}, {"replaced", item.replaced}, {"fresh", item.fresh}, {"closed_at", rfc3339({item.closed_at})}};
}

static const char* how_of(const UndoItem& item) { return item.fresh ? "fresh, taken over" : item.replaced ? "replaced" : "closed"; }

// A close is noticed by the next save, and autosave waits until it is quiet: what was closed a moment ago is looked for first. Where nothing is saved
// by itself, nothing is saved for this either.
static void notice_closed(Context& context, const Settings& settings) {
  if (!settings.autosave.active || no_server(context)) return;
  (void)ask_daemon(context, Start::if_needed, "flush", Value::Map{{"paths", Value::Array{}}, {"server", context.server.socket}}, Milliseconds(10'000));
}

static ExitCode list_items(const Call& call, Context& context, Console& console) {
  auto items = OR_FAIL(undo_items(context.disk, context.paths, context.server));
  if (call.json()) {
    Value::Array values;
    for (const auto& item : items) values.push_back(value_of(item));
    console.json(Value::Map{{"items", std::move(values)}});
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items)
    rows.push_back({cat(item.id), text_of(item.kind), printable(item.where), how_of(item), ago({item.closed_at}, wall_now())});
  if (rows.empty()) console.say("nothing was closed or replaced");
  console.out(aligned(rows));
  return ExitCode::done;
}

static ExitCode run_undo(const Call& call, Console& console) {
  // Half of it would leave sessions under names that nobody knows.
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  auto context = OR_FAIL(context_of(call));
  auto settings = OR_FAIL(context.settings()).settings;
  notice_closed(context, settings);
  if (call.has("list")) return list_items(call, context, console);
  const auto id = call.arguments.empty() ? std::optional<std::int64_t>(0) : parse_int(call.argument(0));
  if (!id || *id < 0) return fail(console, {Fault::usage, cat("'", printable(call.argument(0)), "' is no number of `kra undo --list`")});
  auto report = undo(context.disk, context.paths, context.server, static_cast<std::uint64_t>(*id), settings, Patience::of(std::chrono::seconds(60)));
  if (!report && report.error().fault == Fault::not_found) return console.say(report.error().what), ExitCode::nothing;
  if (!report) return fail(console, report.error());
  note_act(context.disk, context.paths, "undo", cat(text_of(report->item.kind), " ", report->item.where, " into ", context.server.socket));
  if (call.json()) {
    auto value = value_of(report->item);
    value.set("failed", to_value(report->failed));
    value.set("notes", to_value(report->notes));
    console.json(value);
  } else {
    console.line("brought back ", text_of(report->item.kind), " ", printable(report->item.where));
    for (const auto& note : report->notes) console.line("  ", note);
    for (const auto& line : report->failed) console.say(line);
  }
  return ExitCode::done;
}

CommandRow undo_command() {
  return {.name = "undo",
          .group = Group::work,
          .usage = "[ID]",
          .summary = "bring back what was closed or replaced last",
          .detail = "A pane goes back into its window, a window into its session, a session comes\n"
                    "back whole. Closed things are noticed by comparing each save with the one\n"
                    "before. A fresh session that a restore took over comes back only by its\n"
                    "number. Exit 3 when there is nothing.",
          .flags = {{'l', "list", "", "what can be brought back, the last one first"}},
          .arguments = {{"ID", "its number in --list, else the last one"}},
          .most = 1,
          .json = true,
          .server = true,
          .run = run_undo};
}

}  // namespace kra::cli
