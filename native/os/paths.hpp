// Every file and directory name that kra makes is made here.
//
//   state/    workspaces/SERVER/NAME/00000012.kra      generations of a named workspace, counter in decimal
//             workspaces/SERVER/NAME/00000012.keep     empty: never thinned out      .from  empty: a restore started from it
//             workspaces/SERVER/NAME/name              the name in full
//             workspaces/SERVER/current                name to which autosave goes
//             sessions/KEY/…                           Neovim sessions outside tmux, laid out as a workspace
//             undo/SERVER/…                            what was closed or replaced last, laid out as a workspace
//             scrollback/HASH                          pane contents, by content
//             git/ROOT/…                                what git sync knows of a work tree: engine/sync_store.hpp
//             drafts/CLIENT.journal                      unsaved text of one editor's process    drafts/undo  drafts/out  drafts/reserve
//             handoff/directory  handoff/KEY             where workspaces are handed over, and the hash of what was seen there last
//             device                                     the name of this machine among those that sync
//             shada/…  bases/…                           of the plugin: marks and jumps, texts that merges start from
//             events.journal[.b]  changes.journal[.b]  audit.log[.1]  notes.journal[.b]  metrics.kra  corrupt/
//   runtime/  kra.sock  kra.lock  watch-SERVER.lock  drafts/CLIENT.journal
//   config/   config.yaml
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kra {

struct Paths {
  std::string state;
  std::string runtime;
  std::string config;

  std::string socket() const { return runtime + "/kra.sock"; }
  std::string daemon_lock() const { return runtime + "/kra.lock"; }
  std::string watch_lock(std::string_view server_key) const;  // one waiter for each tmux server
  std::string config_file() const { return config + "/config.yaml"; }
  std::string workspaces(std::string_view server_key) const;
  std::string undo(std::string_view server_key) const;
  std::string sessions() const { return state + "/sessions"; }
  std::string scrollback() const { return state + "/scrollback"; }
  std::string sync() const { return state + "/git"; }
  std::string corrupt() const { return state + "/corrupt"; }
  std::string handoff() const { return state + "/handoff"; }
  std::string device() const { return state + "/device"; }
  // The plugin writes these two.
  std::string shada() const { return state + "/shada"; }
  std::string bases() const { return state + "/bases"; }
  // Two files that take turns.
  std::string events_journal() const { return state + "/events.journal"; }
  std::string events_journal_other() const { return state + "/events.journal.b"; }
  std::string edit_notes() const { return state + "/notes.journal"; }
  std::string changes_journal() const { return state + "/changes.journal"; }
  std::string audit_log() const { return state + "/audit.log"; }
  std::string metrics() const { return state + "/metrics.kra"; }
  std::string drafts() const { return state + "/drafts"; }
  // While that one cannot be written.
  std::string drafts_second() const { return runtime + "/drafts"; }
};

// From the environment: KRA_STATE_DIR, KRA_RUNTIME_DIR, KRA_CONFIG_DIR; else XDG; else below HOME. The runtime directory is
// checked (real directory, ours, nobody else may enter) and falls back as doc/protocol.md says; the others are only named.
// Makes no directory but the runtime one (0700).
Result<Paths> find_paths();
// As find_paths(), but makes nothing and only looks (an lstat of each place that it asks about): for `kra event`. Empty: nowhere is safe.
std::string socket_path_for_event();

// What a path leads to once links are followed (a settings file often is a link into a directory of dotfiles); itself where nothing is there.
std::string followed(const std::string& path);

// A directory name for any text: its harmless characters, then a hash of all of it. Equal texts, equal names; nothing else.
std::string directory_name(std::string_view text);
std::string generation_name(std::uint64_t counter);  // "00000012"

// 1 to 64 bytes, no `@`, `/`, control bytes, no leading `-` or `.`: Fault::usage says which rule a name breaks.
Result<void> check_save_name(std::string_view name);

}  // namespace kra
