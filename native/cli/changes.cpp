// kra changes: what was changed from outside, read from the journal; no daemon is needed for that.
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/change_journal.hpp"
#include "os/scan.hpp"

namespace kra::cli {

// What was saved in an editor of kra's, or by kra, did not come from outside.
static bool is_own(const JournalChange& entry) { return entry.change.writer == "editor" || entry.change.writer == "kra"; }

static Result<ChangeQuery> query_of(const Call& call) {
  ChangeQuery query{.by = call.value("by"), .since = wall_now().ms - 24LL * 3'600'000};
  if (call.has("since")) {
    auto since = parse_when(call.value("since"), wall_now());
    if (!since) return Error{Fault::usage, cat("no such time: ", printable(call.value("since")), "; 2h, 10m, monday or 2026-05-01 are some")};
    query.since = since->ms;
  }
  if (!call.arguments.empty()) {
    query.root = real_path(call.argument(0));
    if (query.root.empty()) return Error{Fault::not_found, cat("no file or directory ", printable(call.argument(0)))};
  }
  return query;
}

static Value json_of(const JournalChange& entry) {
  auto value = value_of(entry);
  value.set("at", rfc3339(WallTime{entry.change.at}));
  return value;
}

static ExitCode run_changes(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto query = OR_FAIL(query_of(call));
  auto found = OR_FAIL(ChangeJournal(context.disk, context.paths).read(query));
  if (query.by.empty() && !call.has("all")) std::erase_if(found, is_own);
  if (call.json()) {
    Value::Array rows;
    for (const auto& entry : found) rows.push_back(json_of(entry));
    return console.json(Value::Map{{"changes", std::move(rows)}}), ExitCode::done;
  }
  if (found.empty()) return console.say("nothing was changed from outside; directories of open files are watched"), ExitCode::done;
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : found) {
    auto path = entry.change.from.empty() ? printable(entry.change.path) : cat(printable(entry.change.from), " -> ", printable(entry.change.path));
    auto who = entry.change.writer == "git" && !entry.cause.empty() ? entry.cause : entry.change.writer;
    rows.push_back({ago(WallTime{entry.change.at}, wall_now()), name_of(entry.change.kind), printable(who), path});
  }
  return console.out(aligned(rows)), ExitCode::done;
}

CommandRow changes_command() {
  return {.name = "changes",
          .group = Group::work,
          .usage = "[PATH]",
          .summary = "list what was changed from outside",
          .detail = "What others than kra's editors changed in watched work trees in the last 24\n"
                    "hours: agents (by the name that they gave to `kra note edit`), git, and\n"
                    "whoever else. The last megabyte is kept; of one sweep over many files the first\n"
                    "500 names.",
          .examples = "kra changes --since 2h           in the last two hours\n"
                      "kra changes --by claude src      by one writer, below src",
          .flags = {{0, "since", "T", "from that time on: 2h, 10m, monday, 2026-05-01"},
                    {0, "by", "WHO", "of one writer: a name, git, external, editor"},
                    {0, "all", "", "own saves too"}},
          .arguments = {{"PATH", "only this file or below this directory", {}, Completes::file}},
          .most = 1,
          .json = true,
          .run = run_changes};
}

}  // namespace kra::cli
