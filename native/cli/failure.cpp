#include "cli/failure.hpp"

#include "base/text.hpp"

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

// What to do about words of the system's.
static std::string_view cure_of(std::string_view what) {
  struct Cure {
    std::string_view words, cure;
  };
  for (const auto& [words, cure] : {Cure{"No space left on device", "free some space there, then again"}, Cure{"Disk quota exceeded", "remove something there, or have the quota raised"},
                                    Cure{"Read-only file system", "it must be mounted for writing"}, Cure{"Permission denied", "its owner or mode forbids it to this user"},
                                    Cure{"Too many open files", "raise `ulimit -n`"}})
    if (what.ends_with(words)) return cure;
  return {};
}

ExitCode fail(Console& console, const Error& error) {
  const auto cure = cure_of(error.what);
  console.say(cat(error.what, cure.empty() ? "" : "; ", cure));
  return exit_code_of(error.fault);
}

}  // namespace kra::cli
