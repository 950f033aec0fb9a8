#include "base/version.hpp"

#include "cli/table.hpp"

namespace kra::cli {

static ExitCode run_version(const Call& call, Console& console) {
  if (call.json()) {
    console.json(Value::Map{{"version", version()},
                            {"commit", commit()},
                            {"protocol", Value::Map{{"min", protocol_oldest}, {"max", protocol_newest}}},
                            {"abi", abi}});
    return ExitCode::done;
  }
  console.line("kra ", version(), commit().empty() ? "" : " (", commit(), commit().empty() ? "" : ")", ", protocol ", protocol_newest,
               ", ABI ", abi);
  return ExitCode::done;
}

CommandRow version_command() {
  return {.name = "version", .group = Group::settings, .summary = "print release, commit, protocol and ABI", .json = true, .run = run_version};
}

}  // namespace kra::cli
