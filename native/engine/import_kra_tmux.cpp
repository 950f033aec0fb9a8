#include "base/json.hpp"
#include "base/text.hpp"
#include "engine/import.hpp"
#include "peers/tmux_words.hpp"

namespace kra {
namespace {

const Value::Array& items_of(const Value& value) {
  static const Value::Array none;
  return value.array() ? *value.array() : none;
}

// "git@host:me/tool.git" -> "tool"
std::string_view repository_name(std::string_view remote) {
  while (remote.ends_with('/')) remote.remove_suffix(1);
  if (remote.ends_with(".git")) remote.remove_suffix(4);
  const auto at = remote.find_last_of("/:");
  return at == remote.npos ? remote : remote.substr(at + 1);
}

// The work tree is the directory above (or at) `cwd` that is called as the repository is; else it is not known.
std::vector<Repository> repository_of(const std::string& cwd, const std::string& remote) {
  const auto name = repository_name(remote);
  if (name.empty()) return {};
  const auto path = cwd + "/", wanted = cat("/", name, "/");
  const auto at = path.find(wanted);
  if (at == path.npos) return {};
  return {{.remote = remote, .root = path.substr(0, at + wanted.size() - 1)}};
}

Pane pane_of(const Value& value, int index, const std::string& home) {
  Pane pane{.index = index, .active = index == 0};
  const auto path = value["currentPath"].text_or("");
  pane.cwd = path.starts_with('/') ? path : path.empty() ? home : cat(home, "/", path);
  pane.argv = imported_argv(value["currentCommand"].text_or(""));
  pane.repository = repository_of(pane.cwd, value["gitRepoLink"].text_or(""));
  return pane;
}

Window window_of(const Value& value, int index, const std::string& home) {
  Window window{.index = index, .name = value["windowName"].text_or(""), .active = index == 0, .automatic_rename = "off"};
  window.layout = normal_layout(value["layout"].text_or(""));
  for (const auto& pane : items_of(value["panes"])) window.panes.push_back(pane_of(pane, static_cast<int>(window.panes.size()), home));
  return window;
}

}  // namespace

Result<Workspace> read_kra_tmux(std::string_view text, const std::string& home) {
  const auto value = TRY(from_json(text));
  Workspace workspace;
  for (const auto& [name, content] : value.map() ? *value.map() : Value::Map()) {
    Session session{.name = name};
    for (const auto& window : items_of(content["windows"])) session.windows.push_back(window_of(window, static_cast<int>(session.windows.size()), home));
    workspace.sessions.push_back(std::move(session));
  }
  return finished_import(std::move(workspace), "kra-tmux");
}

}  // namespace kra
