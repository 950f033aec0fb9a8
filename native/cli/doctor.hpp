// What can be wrong: one table of checks, each with its cure.
#pragma once

#include <optional>

#include "cli/context.hpp"

namespace kra::cli {

struct Problem {
  std::string code;   // "tmux-old"
  std::string text;   // what is wrong, seen here
  std::string cure;
  bool advice = false;  // all works, but less well than it could
};
Value problem_value(const Problem& problem);

struct Check {
  std::string_view code;
  std::string_view what;     // what is looked at: "tmux is there and new enough"
  std::string_view cure;
  bool quick = false;        // costs no process and no connection: `kra status` looks too
  bool advice = false;
  // What is wrong, or nothing.
  std::optional<std::string> (*look)(Context& context);
};
const std::vector<Check>& check_table();

std::optional<Problem> look(const Check& check, Context& context);
std::vector<Problem> quick_problems(Context& context);

}  // namespace kra::cli
