#include "engine/programs.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/text.hpp"
#include "model/config.hpp"
#include "os/process.hpp"

namespace kra {

static std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

static std::string real_base_name(const std::string& path) {
  char real[PATH_MAX];
  if (::access(path.c_str(), X_OK) != 0 || !::realpath(path.c_str(), real)) return "";
  return base_name(real);
}

std::string program_name_on_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return real_base_name(program);
  const char* path = std::getenv("PATH");
  for (auto directory : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ":"))
    if (auto name = real_base_name(cat(directory, "/", program)); !program.empty() && directory.substr(0, 1) == "/" && !name.empty())
      return name;
  return "";
}

// Debian's alternatives lead from vim to vim.basic, and an AppImage is called nvim.appimage.
static bool is_allowed(const std::string& name, const std::vector<std::string>& allowed) {
  auto stem = name.substr(0, name.find('.'));
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) { return one == name || one == stem; });
}

// A long option that hands code over; getopt takes abbreviations too.
static bool carries_code_long(std::string_view option) {
  option = option.substr(0, option.find('='));
  for (std::string_view known : {"cmd", "pager", "html", "preprocessor", "lesskey-file", "lesskey-src", "lesskey-content", "config-file",
                                 "remote-expr", "remote-send", "remote"})
    if (!option.empty() && (known.substr(0, option.size()) == option || option.substr(0, known.size()) == known)) return true;
  return false;
}

static bool is_vim(const std::string& name) { return name.find("vi") != std::string::npos; }

// -c -S -P -H and their clusters (-Rc), for Vim also the script files -s and -l, what it sources at its start (-u, -U) and the state from
// which it takes registers and commands (-i), for less -k (a lesskey file sets LESSOPEN), for man -C.
static const char* code_letters(const std::string& name) {
  if (is_vim(name)) return "cSPsluUi";
  return name.find("less") != std::string::npos ? "cSPHk" : name.find("man") != std::string::npos ? "cSPHC" : "cSPH";
}

// Vim's -u, -U and -i also take a word that means no file at all.
static bool names_no_file(const std::vector<std::string>& argv, std::size_t at) {
  return at + 1 < argv.size() && (argv[at + 1] == "NONE" || argv[at + 1] == "NORC" || argv[at + 1] == "DEFAULTS");
}

// `name` is that of the real program: `editor` and `ex` may be Vim.
static std::string code_in(const std::vector<std::string>& argv, const std::string& name) {
  const std::string_view letters = code_letters(name);
  for (std::size_t i = 1; i < argv.size(); ++i) {
    std::string_view word = argv[i];
    if (word == "--") return "";
    bool code = false;
    if (word.substr(0, 1) == "+") code = true;
    else if (word.substr(0, 2) == "--") code = carries_code_long(word.substr(2));
    else if (word.size() > 1 && word[0] == '-') {
      const auto found = word.find_first_of(letters, 1);
      code = found != word.npos && !(is_vim(name) && std::string_view("uUi").find(word[found]) != std::string_view::npos &&
                                     word.find_first_of("cSPsl", 1) == word.npos && names_no_file(argv, i));
    }
    if (code) return std::string(word);
  }
  return "";
}

static std::string why_it_asks(const std::vector<std::string>& argv, const std::vector<std::string>& allowed, const ProgramName& name_of) {
  auto name = name_of(argv[0]);
  if (name.empty()) return cat(printable(base_name(argv[0])), " was not found");
  if (base_name(name) == "tmux") return "a tmux inside of tmux";
  if (!is_allowed(name, allowed)) return cat(printable(name), " is not in restore.programs");
  auto code = code_in(argv, name);
  return code.empty() ? "" : cat("the argument ", printable(code), " may carry code");
}

ProgramChoice choose_program(const Pane& pane, const std::vector<std::string>& allowed, bool foreign, const ProgramName& name_of) {
  ProgramChoice choice;
  choice.argv = pane.resume.empty() ? pane.argv : pane.resume;
  if (choice.argv.empty() || choice.argv[0].empty()) return {};
  if (foreign) choice.why = "saved on another machine";
  else if (pane.resume.empty()) choice.why = why_it_asks(choice.argv, allowed, name_of);
  choice.asks = !choice.why.empty();
  return choice;
}

bool is_foreign(const Generation& generation, const std::string& host) {
  return generation.stamp.reason == "import" || generation.workspace.host != host;
}

std::string StoredId::text() const {
  auto base = cat(undo ? "undo/" : "", server, "/", name_directory, "/", static_cast<unsigned long long>(generation));
  return number < 0 ? base : cat(base, "/", number);
}

StoredId StoredId::with(int other_number) const {
  auto other = *this;
  other.number = other_number;
  return other;
}

static bool is_component(std::string_view word) {
  auto harmless = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  return !word.empty() && word.size() < 200 && word.front() != '.' && std::all_of(word.begin(), word.end(), harmless);
}

Result<StoredId> parse_stored_id(std::string_view text) {
  auto refused = [&] { return Error{Fault::refused, cat("'", printable(text.substr(0, 80)), "' names nothing that was saved")}; };
  StoredId id;
  auto words = split(text, "/");
  if (words[0] == "undo" && words.size() > 3) id.undo = true, words.erase(words.begin());
  if (words.size() != 3 && words.size() != 4) return refused();
  auto generation = parse_int(words[2]);
  auto number = words.size() == 4 ? parse_int(words[3]) : std::optional<std::int64_t>(-1);
  if (!is_component(words[0]) || !is_component(words[1]) || !generation || *generation < 0) return refused();
  if (!number || *number < -1 || *number > 1'000'000) return refused();
  id.server = words[0], id.name_directory = words[1];
  id.generation = static_cast<std::uint64_t>(*generation), id.number = static_cast<int>(*number);
  return id;
}

Result<Generation> load_stored(Disk& disk, const Paths& paths, const StoredId& id) {
  auto directory = id.undo ? paths.undo(id.server) : paths.workspaces(id.server);
  auto file = cat(directory, "/", id.name_directory, "/", generation_name(id.generation), ".kra");
  return deserialise(TRY(disk.read(file, stored_limit)));
}

static const Pane* pane_at(const Workspace& workspace, int number) {
  for (const auto& session : workspace.sessions)
    for (const auto& window : session.windows) {
      auto panes = static_cast<int>(window.panes.size());
      if (number < panes) return number < 0 ? nullptr : &window.panes[static_cast<std::size_t>(number)];
      number -= panes;
    }
  return nullptr;
}

Result<PaneProgram> pane_program(Disk& disk, const Paths& paths, const std::string& id, const Settings& settings) {
  auto stored = TRY(parse_stored_id(id));
  auto generation = TRY(load_stored(disk, paths, stored));
  const auto* pane = pane_at(generation.workspace, stored.number);
  if (!pane) return Error{Fault::not_found, cat(id, ": no such pane")};
  auto choice = choose_program(*pane, settings.restore.programs, is_foreign(generation, host_name()), program_name_on_path);
  PaneProgram program;
  program.argv = std::move(choice.argv), program.asks = choice.asks, program.why = std::move(choice.why);
  program.cwd = pane->cwd, program.editor = pane->editor;
  program.generation_id = stored.with(-1).text();
  if (settings.restore.scrollback) program.scrollback = pane->scrollback;
  return program;
}

}  // namespace kra
