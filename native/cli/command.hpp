// What the command line knows about a command: one row. Parsing, help, completions and the man page all come from it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/console.hpp"

namespace kra::cli {

enum class ExitCode : int {
  done = 0,       // also when there was nothing to save
  failed = 1,
  usage = 2,
  nothing = 3,    // nothing to act on (undo, restore)
  decision = 4,   // a conflict, a taken name
  no_daemon = 69,
  busy = 75,
};

enum class Group { work, history, settings, plumbing };

// What a shell offers for a word.
enum class Completes { nothing, file, save, command, option, choice };

struct Flag {
  char letter = 0;          // -m, or none
  std::string_view name;    // "message" of --message
  std::string_view value;   // what its value is called; empty: takes none
  std::string_view text;
  Completes completes = Completes::nothing;
};

struct Argument {
  std::string_view name;     // "NAME"
  std::string_view text;
  std::string_view choices = {};   // separated by '|'
  Completes completes = Completes::nothing;
  bool or_path = false;            // or a directory: a word with a slash, `.` or `..`
};

// The words of one call after parsing.
class Call {
 public:
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> options;  // long name and value, in order

  bool has(std::string_view name) const;
  // The last value given; empty when there is none.
  std::string value(std::string_view name) const;
  std::string argument(std::size_t at) const { return at < arguments.size() ? arguments[at] : std::string(); }
  bool json() const { return has("json"); }
};

struct CommandRow {
  std::string_view name;
  Group group = Group::work;
  std::string_view usage;     // what follows the name, options left out: "[NAME]"
  std::string_view summary;   // one line, for lists
  std::string_view detail;    // paragraphs of help, lines of at most 78 bytes
  std::string_view examples;  // lines "command   what it does"
  std::vector<Flag> flags = {};          // besides -h and those below
  std::vector<Argument> arguments = {};
  std::size_t least = 0, most = 0;       // number of arguments
  bool json = false;                     // has --json
  bool server = false;                   // has -L NAME and -S PATH
  bool hidden = false;                   // left out of lists, not of help
  ExitCode (*run)(const Call& call, Console& console) = nullptr;
};

// All flags that the row takes: its own, then --json, -L, -S, -h.
std::vector<Flag> all_flags(const CommandRow& row);

constexpr std::size_t any_number = static_cast<std::size_t>(-1);

}  // namespace kra::cli
