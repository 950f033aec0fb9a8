// kra: finds the row of the command, parses by it, runs it.
#include <signal.h>

#include <cstring>

#include "cli/event.hpp"
#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/table.hpp"
#include "daemon/main.hpp"
#include "peers/daemon_start.hpp"

namespace kra::cli {

// -L NAME and -S PATH may come before the command, as with tmux: they go behind it, where the row says whether it knows them.
static std::vector<std::string> without_front(std::vector<std::string>& words) {
  std::vector<std::string> front;
  auto take_word = [&] {
    if (words.empty()) return;
    front.push_back(std::move(words[0]));
    words.erase(words.begin());
  };
  while (!words.empty()) {
    const std::string_view word = words[0];
    const bool known = word.starts_with("-L") || word.starts_with("-S") || word.starts_with("--socket-name") || word.starts_with("--socket-path");
    if (!known) break;
    const bool alone = word == "-L" || word == "-S" || word == "--socket-name" || word == "--socket-path";
    take_word();
    if (alone) take_word();
  }
  return front;
}

static ExitCode run_command(std::vector<std::string> words, Console& console) {
  const auto front = without_front(words);
  if (words.empty()) return run_overview(OR_FAIL(parse(status_command(), front)), console);
  if (words[0] == "-h" || words[0] == "--help") return console.out(overview_help()), ExitCode::done;
  if (words[0] == "--version" || words[0] == "-V") words[0] = "version";
  const auto* row = find_command(words[0]);
  if (!row) return fail(console, {Fault::usage, unknown_command(words[0])});
  words.erase(words.begin());
  words.insert(words.begin(), front.begin(), front.end());
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

static int run_daemon_here(bool handed) {
  auto outcome = run_daemon(handed);
  Console console;
  return outcome ? 0 : static_cast<int>(fail(console, outcome.error()));
}

}  // namespace kra::cli

static bool is(const char* word, const char* wanted) { return std::strcmp(word, wanted) == 0; }

// What stays, or is run by hooks, does without the machinery of commands.
int main(int count, char** words) {
  if (count > 2 && is(words[1], "event") && !is(words[2], "-h") && !is(words[2], "--help")) kra::cli::run_event(count, words);
  // Inherited as ignored, it would take the exit status of every tmux and git from us.
  ::signal(SIGCHLD, SIG_DFL);
  if (count == 2 && is(words[1], "tmux-watch")) return kra::cli::run_watch();
  if (count > 2 && is(words[1], "daemon") && is(words[2], "run") && (count == 3 || is(words[3], kra::handed_flag)))
    return kra::cli::run_daemon_here(count > 3);
  return kra::cli::run_main(count, words);
}
