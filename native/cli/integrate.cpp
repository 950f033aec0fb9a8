// kra integrate: a marked block in the files of tmux, the shells and Neovim, and its removal, which gives each file back byte for byte.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/context.hpp"
#include "cli/failure.hpp"
#include "cli/integration.hpp"
#include "cli/table.hpp"
#include "os/terminal.hpp"

namespace kra::cli {

namespace {

constexpr std::uint64_t largest = 4U << 20;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string own_program() {
  char path[4096];
  auto length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "";
}

// Where `name` lies on PATH; empty: nowhere.
std::string on_path(std::string_view name) {
  for (auto directory : split(variable("PATH"), ":")) {
    auto path = cat(directory, "/", name);
    if (directory.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

// What is called in a shell: the short name where that is this program.
std::string called() {
  const auto program = own_program();
  return followed(on_path("kra")) == followed(program) ? "kra" : program;
}

// The tree that holds kra.tmux and the plugin: that of the source, or of an installation.
std::string plugin_tree() {
  const auto program = own_program();
  const auto above = program.substr(0, program.rfind('/', program.rfind('/') - 1));
  for (const auto& tree : {above, above + "/share/kra"})
    if (exists(tree + "/kra.tmux")) return tree;
  return "";
}

struct Target {
  std::string path;
  std::string comment;  // what begins one in that language
  std::vector<std::string> lines;
  std::string_view sign;  // what a line of the user's own for the same purpose holds
};

// It stands between quotes that a shell, tmux or Lua reads, each in its way: a path with a byte that means something to any of them is left to
// the user.
bool is_simple(const std::string& path) { return path.find_first_of("'\\\n#$\"`%;") == std::string::npos; }

void add_shell(std::vector<Target>& targets, std::string_view shell, const std::string& path, const std::string& line) {
  const auto login = variable("SHELL");
  if (exists(path) || login.substr(login.rfind('/') + 1) == shell) targets.push_back({path, "#", {line}, "kra init"});
}

std::vector<Target> targets() {
  std::vector<Target> found;
  const auto home = variable("HOME"), program = called(), tree = plugin_tree();
  const auto config = variable("XDG_CONFIG_HOME").starts_with('/') ? variable("XDG_CONFIG_HOME") : home + "/.config";
  const auto zsh = variable("ZDOTDIR").empty() ? home : variable("ZDOTDIR");
  const auto word = program == "kra" ? program : cat("'", program, "'");
  if (is_simple(program)) {
    add_shell(found, "zsh", zsh + "/.zshrc", cat("eval \"$(", word, " init zsh)\""));
    add_shell(found, "bash", home + "/.bashrc", cat("eval \"$(", word, " init bash)\""));
    add_shell(found, "fish", config + "/fish/config.fish", cat(word, " init fish | source"));
  }
  if (tree.empty() || !is_simple(tree)) return found;
  const auto other = config + "/tmux/tmux.conf";
  const auto tmux = !exists(home + "/.tmux.conf") && exists(other) ? other : home + "/.tmux.conf";
  if (exists(tmux) || !on_path("tmux").empty()) found.push_back({tmux, "#", {cat("run-shell \"'", tree, "/kra.tmux'\"")}, "kra.tmux"});
  const auto lua = config + "/nvim/init.lua", vim = config + "/nvim/init.vim";
  const auto load = cat("vim.opt.runtimepath:prepend('", tree, "')");
  if (exists(lua)) found.push_back({lua, "--", {load, "vim.cmd.runtime('plugin/kra.lua')"}, "kra.nvim"});
  else if (exists(vim)) found.push_back({vim, "\"", {cat("lua ", load), "runtime plugin/kra.lua"}, "kra.nvim"});
  return found;
}

struct Change {
  std::string path;  // links followed
  std::string before, after;
  bool existed = true;
};

Result<std::optional<Change>> change_of(Disk& disk, const Target& target, bool remove) {
  Change change{.path = followed(target.path)};
  auto text = disk.read(change.path, largest);
  if (!text && text.error().fault != Fault::not_found) return std::move(text.error());
  change.existed = text.ok();
  if (text) change.before = std::move(*text);
  const Block block{target.comment, target.lines};
  if (remove) change.after = TRY_TO(target.path, without_block(change.before, block));
  else if (holds_own_line(change.before, block, target.sign)) return std::optional<Change>();
  else change.after = TRY_TO(target.path, with_block(change.before, block, change.existed));
  if (change.after == change.before) return std::optional<Change>();
  return std::optional(std::move(change));
}

void show(const Change& change, Console& console) {
  console.line("--- ", printable(change.existed ? change.path : "/dev/null"));
  console.line("+++ ", printable(change.path));
  for (const auto& line : difference_of(change.before, change.after))
    console.line(line[0] == '+' ? console.green(printable(line)) : console.red(printable(line)));
}

Result<void> write(Disk& disk, const Change& change) {
  struct stat before {};
  const bool there = ::stat(change.path.c_str(), &before) == 0;
  auto now = disk.read(change.path, largest);
  if ((now ? *now : "") != change.before) return Error{Fault::conflict, cat(change.path, " was changed meanwhile; it is left as it is")};
  if (change.after.empty() && was_made_by_us(change.before)) return disk.remove(change.path);
  if (!there) TRY(disk.make_directory(change.path.substr(0, change.path.rfind('/'))));
  TRY(disk.replace(change.path, change.after));
  if (::chmod(change.path.c_str(), there ? before.st_mode & 07777 : 0644) != 0) return Error{Fault::io, cat(change.path, ": ", std::strerror(errno))};
  return {};
}

Result<bool> agreed(const Call& call) {
  if (call.has("yes")) return true;
  const auto terminal = Terminal::on(0);
  if (!terminal) return Error{Fault::conflict, "nobody can be asked; --yes changes these files, --dry-run only shows"};
  const auto key = terminal->ask("Change these files? [y/N] ");
  return key && (*key == 'y' || *key == 'Y');
}

}  // namespace

static ExitCode run_integrate(const Call& call, Console& console) {
  SystemDisk disk;
  std::vector<Change> changes;
  for (const auto& target : targets()) {
    auto change = OR_FAIL(change_of(disk, target, call.has("remove")));
    if (change) changes.push_back(std::move(*change));
  }
  for (const auto& change : changes) show(change, console);
  if (changes.empty()) return console.line("nothing to change"), ExitCode::done;
  if (call.has("dry-run")) return ExitCode::done;
  console.flush();
  if (!OR_FAIL(agreed(call))) return console.line("nothing was changed"), ExitCode::done;
  for (const auto& change : changes) OR_FAIL(write(disk, change));
  console.line("changed ", static_cast<int>(changes.size()), changes.size() == 1 ? " file" : " files", "; new shells, editors and tmux servers read them");
  return ExitCode::done;
}

CommandRow integrate_command() {
  return {.name = "integrate",
          .group = Group::settings,
          .usage = "",
          .summary = "add what loads kra to the files of tmux, shells and Neovim",
          .detail = "Shows each line that it would add, asks, and adds them as a marked block at the\n"
                    "end of .tmux.conf, .zshrc, .bashrc, config.fish and Neovim's init file, where\n"
                    "these are there. A file that loads kra by a line of yours is left alone, links\n"
                    "are followed, modes stay. --remove gives each file back byte for byte.",
          .examples = "kra integrate --dry-run    only show what would change\n"
                      "kra integrate --remove     take it all away again",
          .flags = {{0, "remove", "", "take the blocks away"}, {'n', "dry-run", "", "show, change nothing"}, {'y', "yes", "", "do not ask"}},
          .run = run_integrate};
}

}  // namespace kra::cli
