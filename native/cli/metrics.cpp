// kra metrics: how long operations took. The daemon has the figures; while none runs they are in its file.
#include "cli/asking.hpp"
#include "cli/failure.hpp"
#include "cli/measuring.hpp"
#include "cli/table.hpp"
#include "engine/metrics.hpp"

namespace kra::cli {

// Milliseconds, below ten of them with thousandths.
static std::string time_text(const Value& value) {
  if (!value.real()) return cat(value.number_or(0), " ms");
  return to_json(Value(*value.real())) + " ms";
}

void measured(Context& context, const Settings& settings, Value row) {
  if (!settings.performance.monitor) return;
  if (auto answer = ask_daemon(context, Start::never, "measure", row, Milliseconds(500)); !answer || *answer) return;
  auto metrics = load_metrics(context.disk, context.paths.metrics(), settings.performance.max_age, wall_now());
  metrics.take(row, day_of(wall_now()));
  (void)keep_metrics(context.disk, context.paths.metrics(), metrics);
}

static ExitCode run_metrics(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto answer = OR_FAIL(ask_daemon(context, Start::never, "metrics", Value::Map{}, Milliseconds(5'000)));
  if (!answer) {
    const auto settings = OR_FAIL(context.settings()).settings;
    answer = load_metrics(context.disk, context.paths.metrics(), settings.performance.max_age, wall_now()).summary();
  }
  if (call.json()) return console.json(*answer), ExitCode::done;
  if (!answer->map() || answer->map()->empty()) return console.say("nothing was measured yet"), ExitCode::done;
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
          .detail = "Counts are of the last performance.max_age, times those of the last 256 of each.\n"
                    "\"in the editor\" is how long its main loop was held, 99 in 100. A save, or what\n"
                    "an editor does, that takes more than performance.target_ms is a problem that\n"
                    "`kra status` tells.",
          .json = true,
          .run = run_metrics};
}

}  // namespace kra::cli
