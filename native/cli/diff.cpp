// kra diff: what changed between two saves.
#include "cli/context.hpp"
#include "cli/difference.hpp"
#include "cli/failure.hpp"
#include "cli/show.hpp"
#include "cli/table.hpp"
#include "os/process.hpp"

namespace kra::cli {

struct Side {
  std::string name;
  Generation generation;
  std::string text() const { return cat(printable(name), "@", generation.stamp.generation); }
};

static Result<Side> side_of(History& history, const std::string& text) {
  auto reference = TRY(parse_reference(text));
  if (reference.name.empty()) reference.name = TRY(history.current_name());
  auto name = TRY(existing_save(history, reference.name));
  return Side{name, TRY(history.find(reference, wall_now()))};
}

// The generation before the one that B names, where no B is given.
static Result<std::pair<Side, Side>> sides_of(History& history, const Call& call) {
  auto first = TRY(side_of(history, call.argument(0)));
  if (call.arguments.size() > 1) return std::pair{std::move(first), TRY(side_of(history, call.argument(1)))};
  auto log = TRY(history.log(first.name));
  for (const auto& entry : log)
    if (entry.stamp.generation < first.generation.stamp.generation)
      return std::pair{Side{first.name, TRY(history.load(first.name, entry.stamp.generation))}, std::move(first)};
  return Error{Fault::not_found, cat("there is no generation before ", first.text())};
}

static void print(Console& console, const Change& change, const std::string& home) {
  auto text = [&](const std::string& value) { return value.empty() ? std::string("nothing") : home_short(value, home); };
  auto head = cat(change.where.empty() ? "" : printable(change.where) + "  ", change.what);
  if (change.kind == Change::Kind::added) console.line(console.green("+ "), head, "  ", text(change.after));
  else if (change.kind == Change::Kind::removed) console.line(console.red("- "), head, "  ", text(change.before));
  else if (change.before.empty() && change.after.empty()) console.line(console.yellow("~ "), head);
  else console.line(console.yellow("~ "), head, "  ", text(change.before), " -> ", text(change.after));
}

static ExitCode run_diff(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  auto history = context.history();
  auto sides = sides_of(history, call);
  tell_findings(console, history);
  if (!sides) return fail(console, sides.error());
  const auto& [before, after] = *sides;
  auto changes = difference(before.generation.workspace, after.generation.workspace);
  if (call.json()) {
    Value::Array items;
    for (const auto& change : changes)
      items.push_back(Value::Map{{"kind", kind_name(change.kind)}, {"where", change.where}, {"what", change.what}, {"before", change.before}, {"after", change.after}});
    console.json(Value::Map{{"a", before.text()}, {"b", after.text()}, {"changes", std::move(items)}});
    return ExitCode::done;
  }
  if (changes.empty()) console.say(cat(before.text(), " and ", after.text(), " are equal"));
  for (const auto& change : changes) print(console, change, user_home());
  return ExitCode::done;
}

CommandRow diff_command() {
  return {.name = "diff",
          .group = Group::history,
          .usage = "A [B]",
          .summary = "show what changed between two saves",
          .detail = "With one save: between the generation before it and it.",
          .examples = "kra diff work@11 work@12\nkra diff work@monday work",
          .arguments = {{"A", "the earlier one, NAME[@G]", "", Completes::save}, {"B", "the later one", "", Completes::save}},
          .least = 1,
          .most = 2,
          .json = true,
          .server = true,
          .run = run_diff};
}

}  // namespace kra::cli
