// kra affected, run: live blocks and what depends on a file are no part of this release. Their names are taken, and scripts that ask learn it at once.
#include "cli/failure.hpp"
#include "cli/table.hpp"

namespace kra::cli {

static ExitCode not_yet(const Call& call, Console& console, const char* list, const char* what) {
  if (call.json()) console.json(Value::Map{{"available", false}, {"path", call.argument(0)}, {list, Value::Array{}}});
  return fail(console, {Fault::unavailable, what});
}

static ExitCode run_affected(const Call& call, Console& console) {
  return not_yet(call, console, "files", "affected: this release does not know which files depend on another; `kra changes` lists what was changed");
}

static ExitCode run_blocks(const Call& call, Console& console) {
  return not_yet(call, console, "blocks", "run: this release has no live blocks, so nothing was run");
}

CommandRow affected_command() {
  return {.name = "affected",
          .group = Group::work,
          .usage = "FILE",
          .summary = "which files depend on one (not in this release)",
          .detail = "This release does not know it: it says so and ends with 1.",
          .arguments = {{"FILE", "the file", "", Completes::file}},
          .least = 1,
          .most = 1,
          .json = true,
          .hidden = true,
          .run = run_affected};
}

CommandRow run_command() {
  return {.name = "run",
          .group = Group::work,
          .usage = "FILE",
          .summary = "run the live blocks of a file (not in this release)",
          .detail = "This release has no live blocks: it runs nothing, says so and ends with 1.",
          .flags = {{0, "block", "N", "only the block with this number"}},
          .arguments = {{"FILE", "the file", "", Completes::file}},
          .least = 1,
          .most = 1,
          .json = true,
          .hidden = true,
          .run = run_blocks};
}

}  // namespace kra::cli
