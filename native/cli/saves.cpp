// kra rename, delete, keep, verify: what changes or checks saves.
#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/table.hpp"
#include "engine/audit.hpp"

namespace kra::cli {

static ExitCode run_rename(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto from = OR_FAIL(existing_save(history, call.argument(0)));
  OR_FAIL(check_save_name(call.argument(1)));
  OR_FAIL(history.rename(from, call.argument(1)));
  console.line("renamed ", printable(from), " to ", printable(call.argument(1)));
  return ExitCode::done;
}

CommandRow rename_command() {
  return {.name = "rename",
          .group = Group::history,
          .usage = "NAME NEW",
          .summary = "give a save another name",
          .detail = "All generations move with it. A name that is taken stays as it is (exit 4).",
          .arguments = {{"NAME", "the save", "", Completes::save}, {"NEW", "1 to 64 bytes without @ and /"}},
          .least = 2,
          .most = 2,
          .server = true,
          .run = run_rename};
}

static ExitCode run_delete(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  for (const auto& name : call.arguments) OR_FAIL(existing_save(history, name));
  for (const auto& name : call.arguments) {
    OR_FAIL(history.remove(name));
    note_act(context.disk, context.paths, "delete", name);
    console.line("deleted ", printable(name));
  }
  return ExitCode::done;
}

CommandRow delete_command() {
  return {.name = "delete",
          .group = Group::history,
          .usage = "NAME...",
          .summary = "remove saves with all their generations",
          .detail = "This cannot be undone. Running sessions are not touched.",
          .arguments = {{"NAME", "the save", "", Completes::save}},
          .least = 1,
          .most = any_number,
          .server = true,
          .run = run_delete};
}

static ExitCode run_keep(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto reference = OR_FAIL(parse_reference(call.argument(0)));
  if (!reference.name.empty()) OR_FAIL(existing_save(history, reference.name));
  auto name = reference.name.empty() ? OR_FAIL(history.current_name()) : reference.name;
  auto found = history.find(reference, wall_now());
  tell_findings(console, history);
  if (!found) return fail(console, found.error());
  const auto& generation = *found;
  OR_FAIL(history.keep(name, generation.stamp.generation));
  console.line("kept ", printable(name), "@", generation.stamp.generation);
  return ExitCode::done;
}

CommandRow keep_command() {
  return {.name = "keep",
          .group = Group::history,
          .usage = "NAME[@G]",
          .summary = "keep one generation for good",
          .detail = "Older generations are thinned out with time; a kept one never is.",
          .examples = "kra keep work@12\nkra keep work@monday",
          .arguments = {{"NAME[@G]", "a save and the generation (number or time), else the newest", "", Completes::save}},
          .least = 1,
          .most = 1,
          .server = true,
          .run = run_keep};
}

static ExitCode run_verify(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto names = OR_FAIL(history.names());
  if (!call.arguments.empty()) names = {OR_FAIL(existing_save(history, call.argument(0)))};
  Value::Array findings;
  int right = 0, wrong = 0;
  for (const auto& name : names) {
    auto checked = OR_FAIL(history.verify(name));
    for (const auto& finding : checked) {
      (finding.trouble.empty() ? right : wrong) += 1;
      findings.push_back(Value::Map{{"name", finding.name}, {"generation", finding.generation}, {"ok", finding.trouble.empty()}, {"trouble", finding.trouble}});
      if (!finding.trouble.empty() && !call.json())
        console.line(console.red("bad"), "  ", printable(finding.name), "@", finding.generation, ": ", printable(finding.trouble));
    }
  }
  if (call.json()) console.json(Value::Map{{"checked", right + wrong}, {"bad", wrong}, {"generations", std::move(findings)}});
  else console.line(right + wrong, right + wrong == 1 ? " generation" : " generations", " checked, ", wrong, " bad");
  return wrong == 0 ? ExitCode::done : ExitCode::failed;
}

CommandRow verify_command() {
  return {.name = "verify",
          .group = Group::history,
          .usage = "[NAME]",
          .summary = "check every stored byte",
          .detail = "A generation that is not right is named; the others stay usable. Exit 1 then.",
          .arguments = {{"NAME", "only this save", "", Completes::save}},
          .most = 1,
          .json = true,
          .server = true,
          .run = run_verify};
}

}  // namespace kra::cli
