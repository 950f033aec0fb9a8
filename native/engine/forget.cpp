#include "engine/forget.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "engine/drafts.hpp"
#include "engine/history.hpp"
#include "engine/log_record.hpp"

namespace kra {

namespace {

constexpr std::uint64_t readable = 64U << 20;

bool holds(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// A word of a command line that means the file: its path, or a relative one in the pane's directory.
bool names(const std::string& word, const std::string& cwd, const std::string& path) {
  if (holds(word, path)) return true;
  auto relative = std::string_view(word).substr(word.starts_with("./") ? 2 : 0);
  return !relative.empty() && cat(cwd, cwd.ends_with('/') ? "" : "/", relative) == path;
}

bool any_names(const std::vector<std::string>& words, const std::string& cwd, const std::string& path) {
  return std::any_of(words.begin(), words.end(), [&](const auto& word) { return names(word, cwd, path); });
}

bool forget_in(Pane& pane, const std::string& path) {
  bool named = any_names(pane.argv, pane.cwd, path) || any_names(pane.command, pane.cwd, path) || any_names(pane.resume, pane.cwd, path);
  auto name = path.substr(path.rfind('/') + 1);
  bool titled = holds(pane.title, path) || (named && holds(pane.title, name));
  if (titled) pane.title.clear();
  if (!named) return titled;
  auto is_it = [&](const std::string& word) { return names(word, pane.cwd, path); };
  if (pane.editor.empty()) {
    pane.argv.clear();
  } else {
    std::erase_if(pane.argv, is_it);
  }
  pane.command.clear();
  pane.resume.clear();
  pane.scrollback.clear();
  return true;
}

// The state is Neovim's own: its lists are counted through, so a text goes and its place stays.
bool forget_in(Value& value, const std::string& path) {
  bool found = false;
  if (auto* items = value.array()) {
    for (auto& item : *items) found = forget_in(item, path) || found;
  } else if (auto* entries = value.map()) {
    for (auto& [key, entry] : *entries) {
      found = forget_in(entry, path) || found;
      if (holds(key, path)) key = "", found = true;
    }
  } else if (value.text() && holds(*value.text(), path)) {
    value = "";
    found = true;
  }
  return found;
}

bool forget_in(Editor& editor, const std::string& path) {
  bool found = std::erase_if(editor.buffers, [&](const EditorBuffer& buffer) { return buffer.path == path; }) > 0;
  return forget_in(editor.state, path) || found;
}

class Work {
 public:
  Work(Disk& disk, const Paths& paths, const std::string& path) : disk_(disk), paths_(paths), path_(path) {}

  Result<Forgotten> all() {
    count(forgotten_.drafts, Drafts(disk_, paths_).forget(path_));
    for (const char* kind : {"/workspaces", "/undo", "/sessions"})
      for (const auto& entry : entries(paths_.state + kind)) {
        History history(disk_, cat(paths_.state, kind, "/", entry), paths_.corrupt());
        count(forgotten_.saves, history.rewrite([&](Generation& generation) { return kra::forget_in(generation, path_); }));
      }
    // Whole files that cannot be taken apart.
    forgotten_.contents = remove_holding(paths_.scrollback());
    forgotten_.others = remove_holding(paths_.shada()) + remove_holding(paths_.bases()) + remove_holding(paths_.corrupt());
    for (const char* log : {"", ".1"}) lines(paths_.audit_log() + log);
    for (const char* notes : {"", ".b"}) records(paths_.edit_notes() + notes);
    if (trouble_) return std::move(*trouble_);
    return forgotten_;
  }

 private:
  std::vector<std::string> entries(const std::string& directory) {
    auto names = disk_.list(directory);
    if (!names && names.error().fault != Fault::not_found) failed(names.error());
    return names ? *names : std::vector<std::string>{};
  }
  void failed(const Error& error) {
    if (!trouble_) trouble_ = error;
  }
  void count(int& total, const Result<int>& done) {
    if (done) total += *done;
    else failed(done.error());
  }

  int remove_holding(const std::string& directory) {
    int removed = 0;
    for (const auto& name : entries(directory)) {
      auto file = cat(directory, "/", name);
      auto bytes = disk_.read(file, readable);
      if (!bytes || !holds(*bytes, path_)) continue;
      if (auto gone = disk_.remove(file); !gone) failed(gone.error());
      else ++removed;
    }
    return removed;
  }

  void replace(const std::string& file, const std::string& before, const std::string& after) {
    if (before == after) return;
    if (auto done = disk_.replace(file, after); !done) failed(done.error());
    else ++forgotten_.others;
  }

  void lines(const std::string& file) {
    auto lock = disk_.lock(paths_.audit_log() + ".lock", Patience::of(Milliseconds(2000)));
    auto text = disk_.read(file, readable);
    if (!text) return;
    std::string kept;
    auto shown = printable(path_);
    for (auto line : split(*text, "\n"))
      if (!line.empty() && !holds(line, shown)) kept.append(line).push_back('\n');
    replace(file, *text, kept);
  }

  void records(const std::string& file) {
    auto lock = disk_.lock(paths_.edit_notes() + ".lock", Patience::of(Milliseconds(2000)));
    auto bytes = disk_.read(file, readable);
    if (!bytes) return;
    std::string kept;
    LogRecordReader reader(*bytes);
    while (auto record = reader.next())
      if (!holds(record->payload, path_)) append_record(kept, record->type, record->payload);
    replace(file, *bytes, kept);
  }

  Disk& disk_;
  const Paths& paths_;
  const std::string& path_;
  Forgotten forgotten_;
  std::optional<Error> trouble_;
};

}  // namespace

bool forget_in(Generation& generation, const std::string& path) {
  bool found = false;
  for (auto& session : generation.workspace.sessions)
    for (auto& window : session.windows)
      for (auto& pane : window.panes) found = forget_in(pane, path) || found;
  for (auto& editor : generation.workspace.editors) found = forget_in(editor, path) || found;
  if (holds(generation.stamp.message, path)) generation.stamp.message.clear(), found = true;
  return found;
}

Result<Forgotten> forget(Disk& disk, const Paths& paths, const std::string& path) {
  if (!path.starts_with('/') || path.size() < 2) return Error{Fault::usage, cat("no file: ", printable(path))};
  return Work(disk, paths, path).all();
}

}  // namespace kra
