// The table of checks. A check looks, changes nothing, and starts no daemon.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/version.hpp"
#include "cli/checks.hpp"
#include "cli/doctor.hpp"
#include "os/command.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "peers/daemon_client.hpp"

namespace kra::cli {

namespace {

constexpr Milliseconds look_time{5'000};

// "3.3" and "0.10" as numbers that can be compared; text in front is passed over.
struct Release {
  std::int64_t major = 0, minor = 0;
  auto operator<=>(const Release&) const = default;
};
Release release_in(std::string_view text) {
  auto from = text.find_first_of("0123456789");
  if (from == text.npos) return {};
  text.remove_prefix(from);
  auto dot = text.find('.');
  auto number = [](std::string_view digits) { return parse_int(digits.substr(0, digits.find_first_not_of("0123456789"))).value_or(0); };
  return {number(text.substr(0, dot)), dot == text.npos ? 0 : number(text.substr(dot + 1))};
}

// Runs `program` for its version and says what is wrong with it.
Finding program_finding(const std::string& program, const std::string& flag, Release least) {
  auto ran = kra::run({.argv = {program, flag}}, Patience::of(look_time));
  if (!ran) return cat(program, " could not be run: ", ran.error().what);
  auto line = ran->output.substr(0, ran->output.find('\n'));
  if (release_in(line) < least) return cat(printable(line), " is too old: ", least.major, ".", least.minor, " or newer is needed");
  return std::nullopt;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Finding check_tmux(Context& context) { return program_finding(context.server.program, "-V", {3, 3}); }
Finding check_git(Context&) { return program_finding("git", "--version", {2, 38}); }
Finding check_nvim(Context&) {
  auto named = variable("NVIM_PROGRAM");
  return program_finding(named.empty() ? "nvim" : named, "--version", {0, 10});
}

Finding check_config(Context& context) {
  auto loaded = context.settings();
  if (loaded) return std::nullopt;
  return loaded.error().what;
}

Finding check_socket(Context& context) {
  struct stat info {};
  auto path = context.paths.socket();
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  if (!S_ISSOCK(info.st_mode)) return cat(path, " is no socket");
  if (info.st_uid != ::getuid()) return cat(path, " belongs to another user");
  return (info.st_mode & 077) == 0 ? Finding() : cat(path, " is open to other users");
}

Finding check_corrupt(Context& context) {
  auto files = context.disk.list(context.paths.corrupt());
  if (!files || files->empty()) return std::nullopt;
  return cat(files->size(), files->size() == 1 ? " damaged file was" : " damaged files were", " put aside into ", context.paths.corrupt());
}

Finding check_daemon(Context& context) {
  auto connected = connect_to(context.paths.socket());
  if (!connected) return std::nullopt;  // it starts when it is needed
  auto daemon = reach(context.paths, version(), Start::never, Patience::of(look_time));
  if (!daemon) return cat("the daemon does not answer: ", daemon.error().what);
  auto release = daemon->greeting()["version"].text_or("");
  return release == version() ? Finding() : cat("the daemon is of release ", printable(release), ", this is ", version());
}

// What the daemon says of its watching; nil when there is none, since without a daemon nothing is watched and nothing is wrong with that.
Value watching_of(Context& context) {
  auto status = daemon_status(context);
  return status ? (*status)["watching"] : Value();
}

std::string first_of(const Value& watching, const char* key) {
  return watching[key].array() && !watching[key].array()->empty() ? watching[key].array()->front().text_or("") : "";
}

Finding check_watching(Context& context) {
  if (watching_of(context)["backend"].text_or("") == "poll") return "directories cannot be watched; loaded files are looked at every 2 s";
  return std::nullopt;
}

Finding check_watch_limit(Context& context) {
  auto watching = watching_of(context);
  auto root = first_of(watching, "limited");
  if (root.empty() || watching["backend"].text_or("") == "poll") return std::nullopt;
  return cat(root, " has more directories than may be watched (", watching["budget"].number_or(0), "); only those of loaded files are");
}

// What is wrong with the first of those that the daemon names so.
Finding named(Context& context, const char* key, std::string_view what) {
  auto path = first_of(watching_of(context), key);
  return path.empty() ? std::nullopt : Finding(cat(path, what));
}

Finding check_polled(Context& context) { return named(context, "polled", " is on a file system that tells of no changes; loaded files are looked at every 2 s"); }
Finding check_silent(Context& context) { return named(context, "silent", " was changed and the system did not tell; loaded files there are looked at every 2 s"); }
Finding check_refused(Context& context) { return named(context, "refused", " may not be read; what changes there is not told"); }
Finding check_absent(Context& context) { return named(context, "absent", " is not there; it is looked for every second"); }

Finding check_shell(Context&) {
  bool in_pane = !variable("TMUX_PANE").empty() && ::isatty(STDIN_FILENO) == 1;
  if (!in_pane || !variable("KRA_SHELL").empty() || variable("KRA_DISABLE") == "1") return std::nullopt;
  return "the shell of this pane has not loaded kra's shell file";
}

}  // namespace

std::optional<Value> daemon_status(Context& context) {
  auto connected = connect_to(context.paths.socket());
  if (!connected) return std::nullopt;
  auto daemon = reach(context.paths, version(), Start::never, Patience::of(look_time));
  auto status = daemon ? daemon->request("status", Value::Map{}, Patience::of(look_time)) : Result<Value>(daemon.error());
  if (!status) return std::nullopt;
  return std::move(*status);
}

const std::vector<Check>& check_table() {
  static const std::vector<Check> rows = {
      {"tmux", "tmux 3.3 or newer", "install tmux 3.3 or newer (Debian: apt install tmux)", false, false, check_tmux},
      {"tmux-server", "a tmux server runs", "start one with `tmux`, or name it with -L or -S", false, true, check_server},
      {"tmux-hooks", "kra's hooks are in the tmux server", "`kra save` puts them back; load kra.tmux in tmux.conf to have them from the start", false, false,
       check_hooks},
      {"nvim", "Neovim 0.10 or newer", "`make nvim` in kra's directory unpacks one; the rest works without", false, true, check_nvim},
      {"git", "git 2.38 or newer", "install git 2.38 or newer; all but sync works without", false, true, check_git},
      {"config", "config.yaml is right", "`kra config edit` opens it; until then the last good settings count", true, false, check_config},
      {"state-write", "saves can be written", "give yourself the directory, or name another in KRA_STATE_DIR", true, false, check_state},
      {"state-mode", "saves are closed to other users", "chmod 700 the directory", true, false, check_state_mode},
      {"space", "there is space for saves", "free some space; a save that does not fit leaves the last one as it is", true, false, check_space},
      {"corrupt", "no damaged saves", "`kra verify` checks the others; remove the files once you have looked at them", true, true, check_corrupt},
      {"drafts-write", "unsaved text can be written", "make room, or give yourself the right to write there; until then it is kept in memory and at the second place", false, false,
       check_drafts_write},
      {"drafts-second", "there is a second place for unsaved text", "log in with a runtime directory of your own (XDG_RUNTIME_DIR), or name one in KRA_RUNTIME_DIR", false, true,
       check_drafts_second},
      {"drafts-reserve", "room is set aside for a last flush", "make room: the daemon sets it aside again as soon as there is some", false, true, check_drafts_reserve},
      {"drafts-home", "unsaved text lies where it belongs", "make room there, or give yourself the right to write; the daemon brings it home by itself", false, false,
       check_drafts_home},
      {"drafts-whole", "the journals of unsaved text are whole", "what is whole in them is used; `kra drafts` shows it, recover it and remove the file", false, true,
       check_drafts_whole},
      {"drafts-waiting", "no unsaved text waits", "`kra drafts` lists it, `:Kra drafts` takes it back", false, true, check_drafts_waiting},
      {"drafts-abandoned", "every editor with unsaved text answers", "look at it, or end it; `kra drafts` shows its text", false, false, check_drafts_abandoned},
      {"library", "editors find the library that keeps each edit", "`make` in kra's directory, or `make install`, puts it beside the program", false, true, check_library},
      {"sync-trust", "work trees that are synced are as they were agreed to", "look at what has changed there, then `kra sync enable`, or `kra sync disable`", true, false,
       check_sync_trust},
      {"sync-state", "the last syncs ended well", "`kra sync status` there says more", true, false, check_sync_state},
      {"sync-mirror", "no remote of a sync is a mirror", "`git push` to a mirror publishes refs/kra/ too: take remote.NAME.mirror away", true, true, check_sync_mirror},
      {"socket", "the daemon's socket is ours alone", "`kra daemon restart` makes it anew", true, false, check_socket},
      {"daemon", "the daemon is of this release, if it runs", "kra daemon restart", false, false, check_daemon},
      {"watching", "the system tells of changes of files", "raise fs.inotify.max_user_instances (sysctl), then `kra daemon restart`", false, true, check_watching},
      {"watch-limit", "all directories of work trees in use are watched", "raise fs.inotify.max_user_watches (sysctl), then `kra daemon restart`", false, true,
       check_watch_limit},
      {"watch-polled", "what is watched is on file systems that tell of changes", "a copy on a local disk is told of at once; else nothing is to be done", false, true,
       check_polled},
      {"watch-silent", "file systems tell of all changes", "mount it so that changes are told, or work on a local copy; `kra daemon restart` tries it again", false, true,
       check_silent},
      {"watch-refused", "what is watched may be read", "chmod u+rx: it is taken up at once; or name it in .gitignore", false, true, check_refused},
      {"watch-absent", "what is watched is there", "bring it back, or close what is loaded from it", false, true, check_absent},
      {"shell", "the shell of this pane tells its directory", "put eval \"$(kra init bash)\" (or zsh) into the shell's rc file", false, true, check_shell},
  };
  return rows;
}

}  // namespace kra::cli
