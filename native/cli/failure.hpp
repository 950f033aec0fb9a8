// How an Error ends a command: one line on standard error and the exit code of its kind.
#pragma once

#include "cli/command.hpp"

namespace kra::cli {

ExitCode exit_code_of(Fault fault);
// Says the error and gives its exit code.
ExitCode fail(Console& console, const Error& error);

}  // namespace kra::cli

// For functions that return an ExitCode and have a `console`: the value, or the error said and the command ended.
#define OR_FAIL(...)                                                          \
  __extension__({                                                             \
    auto or_fail_result = (__VA_ARGS__);                                      \
    if (!or_fail_result) return ::kra::cli::fail(console, or_fail_result.error()); \
    ::kra::take(or_fail_result);                                              \
  })
