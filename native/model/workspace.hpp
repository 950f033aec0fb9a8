// A workspace: what a person had open in one tmux server, as plain values with ==. Nothing volatile is in here (no pids, no ids, no times),
// so two equal workspaces need one file, and a workspace that was saved, restored and saved again is equal to itself.
// Texts are the bytes that tmux or the system gave; they may hold anything. Each fields() lists the keys of the stored form
// (doc/format.md) and of `kra show --json`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/value.hpp"

namespace kra {

struct Repository {
  std::string remote;  // URL of the branch's upstream, or of origin
  std::string branch;  // empty when HEAD is detached
  std::string root;    // the work tree
  friend bool operator==(const Repository&, const Repository&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("remote", self.remote);
    visit("branch", self.branch);
    visit("root", self.root);
  }
};

struct Pane {
  int index = 0;
  bool active = false;
  std::string title;
  std::string cwd;
  std::vector<std::string> argv;       // of the foreground program; empty: the pane's shell was idle
  std::vector<std::string> command;    // the start command of a pane that was not made with the default shell
  std::vector<std::string> resume;     // what to start instead of argv (`kra note resume`)
  bool shell_loaded = false;           // kra's shell file is loaded in the pane's shell
  std::vector<Repository> repository;  // of cwd: none or one
  std::string editor;                  // id of the Editor in this pane
  std::string scrollback;              // hash of the stored contents
  friend bool operator==(const Pane&, const Pane&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("index", self.index);
    visit("active", self.active);
    visit("title", self.title);
    visit("cwd", self.cwd);
    visit("argv", self.argv);
    visit("command", self.command);
    visit("resume", self.resume);
    visit("shell_loaded", self.shell_loaded);
    visit("repository", self.repository);
    visit("editor", self.editor);
    visit("scrollback", self.scrollback);
  }
};

struct Option {
  std::string name;
  std::string value;
  friend bool operator==(const Option&, const Option&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
};

struct Window {
  int index = 0;
  std::string name;
  std::string layout;  // raw, without zoom
  bool active = false;
  bool last = false;   // the window before the active one
  bool zoomed = false;
  std::string automatic_rename;  // "on", "off" or "" (not set for this window)
  int link = 0;                  // windows with the same number above 0 are one window, seen in several places
  int last_pane = -1;            // index of the pane before the active one
  std::vector<Option> options;   // window options set on this window, of those in model/tmux_options
  std::vector<Pane> panes;
  friend bool operator==(const Window&, const Window&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("index", self.index);
    visit("name", self.name);
    visit("layout", self.layout);
    visit("active", self.active);
    visit("last", self.last);
    visit("zoomed", self.zoomed);
    visit("automatic_rename", self.automatic_rename);
    visit("link", self.link);
    visit("last_pane", self.last_pane);
    visit("options", self.options);
    visit("panes", self.panes);
  }
};

struct Session {
  std::string name;
  std::string group;  // sessions of a group share all windows; empty: none
  std::string path;   // where new windows start
  int width = 0;      // of its windows when it was saved
  int height = 0;
  bool attached = false;
  std::vector<Window> windows;
  friend bool operator==(const Session&, const Session&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("name", self.name);
    visit("group", self.group);
    visit("path", self.path);
    visit("width", self.width);
    visit("height", self.height);
    visit("attached", self.attached);
    visit("windows", self.windows);
  }
};

// A Neovim. `state` is what lua/kra/session.lua captured; the helper checks its size and shape and stores it as it is.
// `buffers` and `tabs` are what people look at.
struct EditorBuffer {
  std::string path;
  bool modified = false;
  friend bool operator==(const EditorBuffer&, const EditorBuffer&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("path", self.path);
    visit("modified", self.modified);
  }
};

struct Editor {
  std::string id;  // stays the same over restores
  std::string cwd;
  int tabs = 0;
  std::vector<EditorBuffer> buffers;
  Value state;
  friend bool operator==(const Editor&, const Editor&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("id", self.id);
    visit("cwd", self.cwd);
    visit("tabs", self.tabs);
    visit("buffers", self.buffers);
    visit("state", self.state);
  }
};

struct Workspace {
  std::string host;
  std::string tmux_version;
  std::string active_session;  // seen by the client that was used last
  std::string last_session;
  std::vector<Session> sessions;
  std::vector<Editor> editors;  // those in panes of this server, in the order of their panes
  friend bool operator==(const Workspace&, const Workspace&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("host", self.host);
    visit("tmux_version", self.tmux_version);
    visit("active_session", self.active_session);
    visit("last_session", self.last_session);
    visit("sessions", self.sessions);
    visit("editors", self.editors);
  }
};

struct Counts {
  int sessions = 0, windows = 0, panes = 0, editors = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("sessions", self.sessions);
    visit("windows", self.windows);
    visit("panes", self.panes);
    visit("editors", self.editors);
  }
};
// Linked windows count once.
Counts count(const Workspace& workspace);
// "3 sessions, 9 windows, 21 panes, 4 editors"
std::string text_of(const Counts& counts);

}  // namespace kra
