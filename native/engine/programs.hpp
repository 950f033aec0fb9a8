// What a restored pane runs. A program on the allow-list starts again with the argument vector that was saved; one that carries code in its
// arguments, and every other program, is shown and waits for the user's Enter.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/history.hpp"

namespace kra {

struct Settings;

// The base name of the real path of a program, as the shell would find it; empty: there is none.
using ProgramName = std::function<std::string(const std::string& program)>;
std::string program_name_on_path(const std::string& program);

struct ProgramChoice {
  std::vector<std::string> argv;  // empty: the pane's shell
  bool asks = false;
  std::string why;                // why it asks, for people
};
// `foreign`: the workspace was saved on another host or imported, so nothing starts by itself.
ProgramChoice choose_program(const Pane& pane, const std::vector<std::string>& allowed, bool foreign, const ProgramName& name_of);
// Whether a generation comes from another host than `host`.
bool is_foreign(const Generation& generation, const std::string& host);

// SERVERKEY/NAMEDIRECTORY/GENERATION[/NUMBER], with "undo/" in front for what was closed. NUMBER counts the panes of all sessions in order
// (for a pane), or is the index of a session (for a lazy one).
struct StoredId {
  bool undo = false;
  std::string server, name_directory;
  std::uint64_t generation = 0;
  int number = -1;
  std::string text() const;
  StoredId with(int other_number) const;
};
// refused: not made by us. No component can leave the state directory.
Result<StoredId> parse_stored_id(std::string_view text);
Result<Generation> load_stored(Disk& disk, const Paths& paths, const StoredId& id);

// What a pane of a restored workspace is to run.
struct PaneProgram {
  std::vector<std::string> argv;  // empty: only the shell
  std::string cwd;
  std::string editor;             // for KRA_EDITOR
  std::string generation_id;      // for KRA_GENERATION: what parse_stored_id() takes
  std::string scrollback;         // hash of the contents to show first
  bool asks = false;
  std::string why;
};
// `id` comes from KRA_RESTORE or `kra exec`.
Result<PaneProgram> pane_program(Disk& disk, const Paths& paths, const std::string& id, const Settings& settings);

}  // namespace kra
