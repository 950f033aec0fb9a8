// kra metrics: how long operations took since the daemon started.
#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"

namespace kra::cli {

// Milliseconds, below ten of them with thousandths.
static std::string time_text(const Value& value) {
  if (!value.real()) return cat(value.number_or(0), " ms");
  return to_json(Value(*value.real())) + " ms";
}

static ExitCode run_metrics(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto answer = OR_FAIL(ask_daemon(context, Start::never, "metrics", Value::Map{}, Milliseconds(5'000)));
  if (call.json()) return console.json(answer ? *answer : Value(Value::Map{})), ExitCode::done;
  if (!answer || !answer->map()) {
    console.say("no daemon runs, so nothing is measured; it starts with the next event");
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows{{"operation", "count", "failed", "mean", "median", "95 %", "99 %", "longest", "in the editor", "bytes"}};
  for (const auto& [name, value] : *answer->map()) {
    std::vector<std::string> row{printable(name), cat(value["count"].number_or(0)), cat(value["failed"].number_or(0))};
    for (const char* key : {"mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"}) row.push_back(time_text(value[key]));
    // Of editors: how long their main loop was held, and what was written.
    row.push_back(value["loop_p99_ms"].is_nil() ? std::string() : time_text(value["loop_p99_ms"]));
    row.push_back(value["bytes"].number_or(0) > 0 ? size_text(static_cast<std::uint64_t>(value["bytes"].number_or(0))) : std::string());
    rows.push_back(std::move(row));
  }
  return console.out(aligned(rows)), ExitCode::done;
}

CommandRow metrics_command() {
  return {.name = "metrics",
          .group = Group::settings,
          .summary = "show how long operations took",
          .detail = "Since the daemon started; times are those of the last 256 of each. \"in the\n"
                    "editor\" is how long its main loop was held, 99 in 100. A time above\n"
                    "performance.target_ms is a problem that `kra status` tells.",
          .json = true,
          .run = run_metrics};
}

}  // namespace kra::cli
