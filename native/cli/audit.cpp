// kra audit: what kra did by itself and on request.
#include <thread>

#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/audit.hpp"

namespace kra::cli {

static constexpr Milliseconds look_again{300};

static void print(const Call& call, Console& console, const Act& act) {
  if (call.json()) return console.json(Value::Map{{"at", rfc3339(act.at)}, {"kind", act.kind}, {"text", act.text}});
  console.line(console.faint(rfc3339(act.at).substr(0, 19)), "  ", console.bold(act.kind), std::string(act.kind.size() < 8 ? 8 - act.kind.size() : 0, ' '),
               " ", act.text);
}

// Prints what is added, until it is interrupted or nobody reads any more. Acts have no number, so those of one millisecond are counted.
static ExitCode follow(const Call& call, Console& console, Context& context, WallTime since) {
  std::size_t known_then = 0;
  for (;;) {
    auto acts = OR_FAIL(acts_since(context.disk, context.paths, since));
    for (std::size_t at = known_then; at < acts.size(); ++at) print(call, console, acts[at]);
    if (!console.flush()) return ExitCode::done;
    if (!acts.empty()) {
      since = acts.back().at;
      known_then = 0;
      for (const auto& act : acts) known_then += act.at == since ? 1 : 0;
    }
    std::this_thread::sleep_for(look_again);
  }
}

static ExitCode run_audit(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  WallTime since{0};
  if (call.has("since")) {
    const auto when = parse_when(call.value("since"), wall_now());
    if (!when) return fail(console, {Fault::usage, cat("audit: --since ", printable(call.value("since")), " is no time; write 2h, yesterday, monday or 2026-05-01")});
    since = *when;
  }
  if (call.has("follow")) return follow(call, console, context, since);
  for (const auto& act : OR_FAIL(acts_since(context.disk, context.paths, since))) print(call, console, act);
  return ExitCode::done;
}

CommandRow audit_command() {
  return {.name = "audit",
          .group = Group::history,
          .usage = "",
          .summary = "what kra did by itself and on request",
          .detail = "One line for each save that changed something, each restore and undo, each\n"
                    "save that was deleted, hooks that were put back, damaged files that were passed\n"
                    "over, and each start and end of the daemon. The newest 1 to 2 MB are kept, in\n"
                    "audit.log of the state directory.",
          .examples = "kra audit --since 2h\n"
                      "kra audit -f               as it happens",
          .flags = {{'f', "follow", "", "go on as more is added"}, {0, "since", "T", "from this time on: 2h, yesterday, 2026-05-01"}},
          .json = true,
          .run = run_audit};
}

}  // namespace kra::cli
