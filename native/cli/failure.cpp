#include "cli/failure.hpp"

namespace kra::cli {

ExitCode exit_code_of(Fault fault) {
  switch (fault) {
    case Fault::usage: return ExitCode::usage;
    case Fault::conflict: return ExitCode::decision;
    case Fault::busy: return ExitCode::busy;
    case Fault::io:
    case Fault::timed_out:
    case Fault::not_found:
    case Fault::corrupt:
    case Fault::refused:
    case Fault::unavailable:
    case Fault::internal: return ExitCode::failed;
  }
  return ExitCode::failed;
}

ExitCode fail(Console& console, const Error& error) {
  console.say(error.what);
  return exit_code_of(error.fault);
}

}  // namespace kra::cli
