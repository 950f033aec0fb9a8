// kra: finds the row of the command, parses by it, runs it.
#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/table.hpp"

namespace kra::cli {

static ExitCode run_command(std::vector<std::string> words, Console& console) {
  if (words.empty()) return run_overview(console);
  if (words[0] == "-h" || words[0] == "--help") return console.out(overview_help()), ExitCode::done;
  if (words[0] == "--version" || words[0] == "-V") words[0] = "version";
  const auto* row = find_command(words[0]);
  if (!row) return fail(console, {Fault::usage, unknown_command(words[0])});
  words.erase(words.begin());
  auto call = OR_FAIL(parse(*row, words));
  if (call.has("help")) return console.out(command_help(*row)), ExitCode::done;
  return row->run(call, console);
}

static int run_main(int count, char** words) {
  Console console;
  auto code = run_command({words + 1, words + count}, console);
  if (console.flush()) return static_cast<int>(code);
  console.say(console.trouble());
  return static_cast<int>(code == ExitCode::done ? ExitCode::failed : code);
}

}  // namespace kra::cli

int main(int count, char** words) { return kra::cli::run_main(count, words); }
