// tmux, through its command line client. This module alone fixes flags (`-u -S SOCKET`), language and quoting; whatever text goes into
// tmux goes through quoted() of a user option, so that no value is ever expanded as a format or run (tmux expands names, titles and
// directories, the job form included).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/config.hpp"
#include "model/workspace.hpp"

namespace kra {

// Where a server listens. Two servers never share a key.
struct TmuxServer {
  std::string socket;             // absolute
  std::string program = "tmux";   // KRA_TMUX
  std::string config;             // -f FILE for a server that is started by us; empty: tmux's own
  std::string key() const;        // a directory name made of the socket's path
};
// From -S PATH, -L NAME, else $TMUX, else tmux's default socket ($TMUX_TMPDIR or /tmp, tmux-UID/default).
TmuxServer find_server(const std::string& socket_path, const std::string& socket_name);

// A pane option that holds packed_words(): what starts in the pane at a restore instead of its program (`kra note resume`).
inline constexpr std::string_view resume_option = "@kra_resume";
// Global options that hold names of sessions: which one a restore found active and last. They count until a client attaches.
inline constexpr std::string_view active_option = "@kra_active";
inline constexpr std::string_view last_option = "@kra_last";

// An argument vector as one harmless word (hexadecimal) and back; empty when it is none.
std::string packed_words(const std::vector<std::string>& words);
std::vector<std::string> unpacked_words(std::string_view packed);

struct LivePane {
  Pane pane;        // as it will be stored, but without cwd, argv, repository and editor: those come from the system
  std::string id;   // %3
  pid_t pid = 0;
  bool dead = false;
  bool alternate = false;
  std::uint64_t history_size = 0;
  int cursor_y = 0;  // line of the cursor: near 0 in a shell in which nothing was typed
  std::int64_t created = 0;
};
struct LiveWindow {
  Window window;    // panes stay empty
  bool names_itself = false;  // automatic-rename is in force
  std::string id;   // @2
  std::int64_t activity = 0;
  std::vector<LivePane> panes;
};
struct LiveSession {
  Session session;  // windows stay empty
  std::string id;   // $1
  std::int64_t created = 0, activity = 0, last_attached = 0;
  std::string lazy;  // @kra_lazy: what fills this session when it is visited (engine/lazy.hpp); empty: it is what it seems
  std::vector<LiveWindow> windows;
};
struct LiveClient {
  std::string name;     // what -c takes
  std::string session;  // id of the session it shows
};
struct LiveServer {
  pid_t pid = 0;
  std::int64_t start_time = 0;  // seconds since 1970
  std::string version;          // "3.3a"
  std::string host;
  std::string active_session, last_session;  // names
  bool attached = false;                     // a client is attached
  bool shows_status = false;                 // @kra_status is used in the status line
  std::string default_shell, default_command;
  std::vector<ServerOption> options;         // the user's @kra-* options that are set
  std::string restoring;                     // @kra_restoring: who restores into it now
  std::vector<std::string> missing_hooks;    // commands that put our hooks back where they were wiped or shadowed
  std::vector<LiveSession> sessions;
  std::vector<LiveClient> clients;
};

// Everything about a server in one client call. unavailable: no server there; conflict: it changed while it was read.
Result<LiveServer> read_server(const TmuxServer& server, const Patience& patience);
// Puts our hooks back where `live` misses them; no process when it misses none.
Result<void> mend_hooks(const TmuxServer& server, const LiveServer& live, const Patience& patience);

// Builds a list of commands for one `source-file -` client call, of words that are written as they are (ids, flags, our own names)
// and texts that may hold anything. A command that tmux refuses costs only itself.
class TmuxScript {
 public:
  // A command of words chosen by us or made by tmux itself (ids, flags, layouts), each quoted where it needs to be. tmux may expand them as
  // formats, so a text that somebody else could have chosen never comes this way.
  TmuxScript& command(const std::vector<std::string>& words);
  // The same command, in which the word "\x01" stands for `text`, carried by the user option @kra_x and expanded once.
  TmuxScript& command_with(const std::string& text, const std::vector<std::string>& words);
  // As command_with(), with the argv of a program at the end of a command such as new-window or respawn-pane: exec'd by tmux, never
  // read by a shell.
  TmuxScript& command_running(const std::string& text, const std::vector<std::string>& words, const std::vector<std::string>& argv);
  // A command with a block of commands as its last argument (if-shell).
  TmuxScript& command_block(const std::vector<std::string>& words, const TmuxScript& block);
  // The text that the word "\x02" stands for in the next command_with() or command_running(), beside that of "\x01".
  TmuxScript& with_name(const std::string& name);
  const std::string& text() const { return text_; }
  // Commands for the end of a script: the options that carry texts go.
  std::string clean_up() const;

 private:
  void carry(const std::string& text);
  std::string text_;
  bool names_ = false;
  std::optional<std::string> carried_;  // what @kra_x holds by now: setting an option makes tmux look at every window
};
// Whether a window gets this name unchanged only when it is made (-n): rename-window of tmux before 3.4 puts a backslash before `$x`. Of
// names that both take as they are otherwise.
bool is_named_when_made(std::string_view window_name);

// One word of a tmux command file that tmux reads back as exactly `word`.
std::string tmux_quoted(std::string_view word);

// What the commands of a script printed (-P, display-message -p), and what those that failed said, a line each.
struct ScriptOutcome {
  std::string output, errors;
};
// Runs a script in one client. A command that fails costs only itself and is no Error; the rest goes on. The server is started when
// `start` says so, and lives on when the script made a session. unavailable: no server.
Result<ScriptOutcome> run_script(const TmuxServer& server, const TmuxScript& script, bool start, const Patience& patience);

}  // namespace kra
