// kra doctor: runs the checks and prints what is wrong with its cure.
#include "cli/doctor.hpp"

#include "cli/failure.hpp"
#include "cli/table.hpp"

namespace kra::cli {

Value problem_value(const Problem& problem) {
  return Value::Map{{"code", problem.code}, {"text", problem.text}, {"cure", problem.cure}, {"level", problem.advice ? "advice" : "problem"}};
}

std::optional<Problem> look(const Check& check, Context& context) {
  auto text = check.look(context);
  if (!text) return std::nullopt;
  return Problem{std::string(check.code), std::move(*text), std::string(check.cure), check.advice};
}

std::vector<Problem> quick_problems(Context& context) {
  std::vector<Problem> problems;
  for (const auto& check : check_table()) {
    auto problem = check.quick ? look(check, context) : std::nullopt;
    if (problem) problems.push_back(std::move(*problem));
  }
  return problems;
}

static ExitCode run_doctor(const Call& call, Console& console) {
  auto context = OR_FAIL(context_of(call));
  Value::Array checks, problems;
  bool well = true;
  for (const auto& check : check_table()) {
    auto problem = look(check, context);
    checks.push_back(Value::Map{{"code", check.code}, {"what", check.what}, {"ok", !problem}});
    if (problem) problems.push_back(problem_value(*problem));
    if (problem && !problem->advice) well = false;
    if (call.json()) continue;
    if (!problem) {
      console.line(console.green("ok  "), "  ", check.what);
    } else {
      console.line(problem->advice ? console.yellow("note") : console.red("bad "), "  ", printable(problem->text));
      console.line("      cure: ", printable(problem->cure));
    }
  }
  if (call.json()) console.json(Value::Map{{"ok", well}, {"checks", std::move(checks)}, {"problems", std::move(problems)}});
  return well ? ExitCode::done : ExitCode::failed;
}

CommandRow doctor_command() {
  return {.name = "doctor",
          .group = Group::settings,
          .summary = "look for problems and name the cure of each",
          .detail = "Exit 1 when there is one; a note alone is none.",
          .json = true,
          .server = true,
          .run = run_doctor};
}

}  // namespace kra::cli
