#include "cli/status.hpp"

#include "cli/asking.hpp"
#include "cli/doctor.hpp"
#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "cli/table.hpp"
#include "engine/sync_run.hpp"

namespace kra::cli {

namespace {

constexpr Milliseconds status_time{5'000};

// Every field of the shape, for parts that are not running.
Value empty_status() {
  return Value::Map{
      {"daemon", Value::Map{{"running", false}, {"pid", 0}, {"version", ""}, {"uptime_ms", 0}, {"rss", 0}}},
      {"workspace", Value::Map{{"name", ""}, {"generation", 0}, {"saved_at", ""}, {"dirty", false}, {"due_in_ms", Value()}}},
      {"clients", Value::Array{}},
      {"drafts", Value::Map{{"unsaved_buffers", 0}, {"bytes", 0}, {"oldest_unacked_ms", 0}, {"excluded", Value::Array{}}}},
      {"leases", Value::Array{}},
      {"sync", Value::Array{}},
      {"problems", Value::Array{}}};
}

// What lies on disk: the newest generation of the current save. A daemon knows the one that it saved last, and that it was still right later
// than it was written; it does not know what was deleted, renamed or saved without it.
Result<void> fill_workspace(Context& context, Value& workspace) {
  auto history = context.history();
  auto name = TRY(history.current_name());
  auto latest = history.latest(name);
  if (!latest && latest.error().fault != Fault::not_found) return std::move(latest.error());
  auto generation = latest ? static_cast<std::int64_t>(latest->stamp.generation) : 0;
  bool known = workspace["name"].text_or("") == name && workspace["generation"].number_or(0) == generation;
  workspace.set("name", name);
  workspace.set("generation", generation);
  if (!known || generation == 0) workspace.set("saved_at", latest ? rfc3339({latest->stamp.saved_at}) : std::string());
  return {};
}

// From what lies on disk; a daemon knows besides what has changed since, and so when the next one is.
Value sync_rows(Context& context, const Value& running) {
  const auto loaded = context.settings();
  const auto settings = loaded ? loaded->settings.sync : Settings::Sync{};
  Value::Array rows;
  for (const auto& record : all_records(context.disk, context.paths)) {
    const auto last = last_report(context.disk, context.paths, record.root);
    const auto next = decide_sync(facts_of(context.disk, context.paths, record.root), settings, wall_now());
    Value told;
    if (running.array())
      for (const auto& row : *running.array())
        if (row["root"].text_or("") == record.root) told = row;
    const bool waits = last && (last->state != "synced" && last->state != "nothing");
    rows.push_back(Value::Map{{"root", record.root},
                              {"mode", record.mode},
                              {"state", last ? last->state : "never"},
                              {"last_at", last ? rfc3339({last->at}) : ""},
                              {"pending", last ? static_cast<std::int64_t>(last->left.size() + last->held.size()) : 0},
                              {"why", waits ? last->why : told["why"].text_or(next.why)},
                              {"next_at", told["next_at"].text_or(next.next_at == 0 ? "" : rfc3339({next.next_at}))},
                              {"dirty_files", told["dirty_files"].number_or(0)}});
  }
  return rows;
}

// Entries of `answer` over those of `shape`; one that is a map on both sides is gone through the same way.
void merge(Value& shape, const Value& answer) {
  for (const auto& [key, value] : *answer.map()) {
    auto merged = shape[key];
    if (merged.map() && value.map()) merge(merged, value);
    else merged = value;
    shape.set(key, std::move(merged));
  }
}

bool has_problem(const Value::Array& problems, const std::string& code) {
  for (const auto& problem : problems)
    if (problem["code"].text_or("") == code) return true;
  return false;
}

}  // namespace

Result<Value> status_of(Context& context) {
  auto status = empty_status();
  auto answer = ask_daemon(context, Start::never, "status", Value::Map{{"server", context.server.socket}}, status_time);
  if (answer && *answer && (*answer)->map()) merge(status, **answer);
  auto workspace = status["workspace"];
  TRY(fill_workspace(context, workspace));
  status.set("workspace", std::move(workspace));
  status.set("sync", sync_rows(context, status["syncs"]));
  auto problems = status["problems"].array() ? *status["problems"].array() : Value::Array();
  for (const auto& problem : quick_problems(context))
    if (!has_problem(problems, problem.code)) problems.push_back(problem_value(problem));
  status.set("problems", std::move(problems));
  return status;
}

std::string safety_line(const Console& console, const Value& status) {
  const auto& workspace = status["workspace"];
  if (workspace["generation"].number_or(0) == 0) return cat(console.yellow("nothing saved yet"), ": `kra save` saves this tmux server");
  auto saved = parse_when(workspace["saved_at"].text_or(""), wall_now());
  auto save = cat(printable(workspace["name"].text_or("")), "@", workspace["generation"].number_or(0), ", ", saved ? ago(*saved, wall_now()) : "");
  if (workspace["trouble"].text()) return cat(console.red("not safe"), ": the last save failed; before it ", save);
  if (workspace["dirty"].flag_or(false)) return cat(console.yellow("changed since the last save"), ": ", save);
  if (!status["daemon"]["running"].flag_or(false)) return cat("saved: ", save, "; no daemon runs, so changes since then are not known");
  return cat(console.green("safe"), ": ", save);
}

// A connection's number; the daemon itself is 0.
static std::string holder_text(const Value& holder) {
  auto number = holder.number_or(0);
  return number == 0 ? "the daemon" : cat("client ", number);
}

std::vector<std::string> pending_lines(const Value& status) {
  std::vector<std::string> lines;
  const auto& due = status["workspace"]["due_in_ms"];
  if (due.number()) lines.push_back(cat("a save is due in ", duration_text(*due.number())));
  if (auto unsaved = status["drafts"]["unsaved_buffers"].number_or(0); unsaved > 0)
    lines.push_back(cat(unsaved, unsaved == 1 ? " buffer holds" : " buffers hold", " text that is not written"));
  if (status["sync"].array())
    for (const auto& row : *status["sync"].array())
      if (const auto state = row["state"].text_or(""); state != "synced" && state != "nothing" && state != "never")
        lines.push_back(cat("sync of ", printable(row["root"].text_or("")), ": ", state, ", ", printable(row["why"].text_or(""))));
  if (status["leases"].array())
    for (const auto& lease : *status["leases"].array())
      lines.push_back(cat(printable(lease["name"].text_or("")), " is held by ", holder_text(lease["holder"]), " for ",
                          duration_text(lease["expires_in_ms"].number_or(0)), " more"));
  if (status["problems"].array())
    for (const auto& problem : *status["problems"].array())
      lines.push_back(cat(printable(problem["text"].text_or("")), "; ", printable(problem["cure"].text_or(""))));
  return lines;
}

static void show_daemon(Console& console, const Value& status) {
  const auto& daemon = status["daemon"];
  if (!daemon["running"].flag_or(false)) return console.line("daemon    not running; it starts with the next event");
  console.line("daemon    ", printable(daemon["version"].text_or("")), ", process ", daemon["pid"].number_or(0), ", up ",
               duration_text(daemon["uptime_ms"].number_or(0)), ", ", size_text(static_cast<std::uint64_t>(daemon["rss"].number_or(0))));
  if (!status["clients"].array()) return;
  for (const auto& client : *status["clients"].array())
    console.line("client    ", printable(client["kind"].text_or("")), " ", client["pid"].number_or(0), " ", printable(client["pane"].text_or("")));
}

static ExitCode run_status(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto status = OR_FAIL(status_of(context));
  if (call.json()) return console.json(status), ExitCode::done;
  console.line(safety_line(console, status));
  for (const auto& line : pending_lines(status)) console.line("pending   ", line);
  show_daemon(console, status);
  return ExitCode::done;
}

CommandRow status_command() {
  return {.name = "status",
          .group = Group::settings,
          .summary = "say whether the work is safe, since when, and what is pending",
          .json = true,
          .server = true,
          .run = run_status};
}

ExitCode run_overview(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto status = OR_FAIL(status_of(context));
  console.line(safety_line(console, status));
  for (const auto& line : pending_lines(status)) console.line("  ", line);
  console.out("\n  kra save work      save this tmux server under a name\n"
              "  kra restore work   bring it back\n"
              "  kra log            what was saved, and when\n\n`kra help` lists all commands.\n");
  return ExitCode::done;
}

}  // namespace kra::cli
