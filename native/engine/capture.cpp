// A running server as a Workspace: what tmux says, what the system says of each pane's program, what .git says of its directory, and what the
// connected editors have told.
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "engine/lazy.hpp"
#include "engine/privacy.hpp"
#include "engine/programs.hpp"
#include "engine/prompt.hpp"
#include "engine/restore.hpp"
#include "engine/save.hpp"
#include "model/config.hpp"
#include "os/process.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

std::string base_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// The place in a stored generation that `kra exec ID` stands for.
std::optional<StoredId> helper_id(const std::vector<std::string>& argv) {
  if (argv.size() < 3 || base_name(argv[0]) != "kra" || argv[1] != "exec") return {};
  auto id = parse_stored_id(argv.back());
  if (!id || id->number < 0) return {};
  return std::move(*id);
}

class Capture {
 public:
  Capture(Disk& disk, const Paths& paths, const LiveServer& live, const std::vector<ConnectedEditor>& editors, const Settings& settings)
      : disk_(disk), paths_(paths), live_(live), editors_(editors), privacy_(settings.privacy_exclude), repositories_(disk) {}

  Workspace workspace() {
    Workspace workspace{.host = live_.host,
                        .tmux_version = live_.version,
                        .active_session = live_.active_session,
                        .last_session = live_.last_session};
    for (const auto& session : live_.sessions) {
      auto& copy = workspace.sessions.emplace_back(session.session);
      for (const auto& window : session.windows) {
        auto& place = copy.windows.emplace_back(window.window);
        for (const auto& pane : window.panes) {
          place.panes.push_back(completed(pane, session.session.path));
          // A window that is called as its program shows our helper's name while that waits.
          const auto former = former_names_.find(pane.id);
          if (window.names_itself && pane.pane.active && former != former_names_.end()) place.name = former->second;
        }
      }
    }
    workspace.editors = std::move(told_);
    return workspace;
  }
  // Panes whose contents may not be kept.
  std::vector<std::string> private_panes() { return std::move(private_); }

 private:
  // A window that is linked into several sessions shows the same panes in all of them.
  const Pane& completed(const LivePane& live, const std::string& session_path) {
    const auto found = done_.find(live.id);
    if (found != done_.end()) return found->second;
    Pane pane = live.pane;
    program(live, pane);
    if (pane.cwd.empty()) pane.cwd = session_path;
    editor(live, pane);
    if (privacy_.hides_contents(pane)) private_.push_back(live.id);
    if (privacy_.hides_title(pane)) pane.title.clear();
    if (privacy_.hides_program(pane)) pane.argv.clear(), pane.command.clear(), pane.resume.clear(), pane.title.clear();
    pane.repository = repositories_.of(pane.cwd);
    return done_[live.id] = std::move(pane);
  }

  void program(const LivePane& live, Pane& pane) {
    const auto made_by = helper_id(live.pane.command);
    const bool own_command = !live.pane.command.empty() && !made_by;
    auto front = foreground_of(live.pid);
    if (live.dead || !front) return void(pane.command = own_command ? live.pane.command : std::vector<std::string>());
    pane.cwd = std::move(front->cwd);
    const auto shell = shell_name(front->argv);
    const bool at_prompt = front->is_leader && is_shell_at_prompt(front->argv, live_.default_shell);
    // What the user's own shell is makes no difference to a pane that shows its prompt.
    if (at_prompt && (!own_command || shell == base_name(live_.default_shell))) return pane.command.clear();
    if (const auto waiting = helper_id(front->argv)) return stands_for(*waiting, live, pane);
    // A login shell behind our helper: the program is stopped, and this is what it gave the user meanwhile.
    if (made_by && !front->is_leader && is_shell(shell) && front->argv[0].starts_with('-')) return stands_for(*made_by, live, pane);
    pane.argv = std::move(front->argv);
    pane.shell_loaded = environment_of(front->pid, "KRA_SHELL") == cat(static_cast<int>(live.pid));
    if (made_by) {
      const auto* former = stored(*made_by);
      pane.command = former != nullptr ? former->command : std::vector<std::string>();
    }
  }

  // Our helper is in front: it waits for Enter, or has not come to its program yet.
  void stands_for(const StoredId& id, const LivePane& live, Pane& pane) {
    pane.command.clear();
    const Window* window = nullptr;
    const auto* former = stored(id, &window);
    if (former == nullptr) return;
    former_names_[live.id] = window->name;
    pane.argv = former->argv;
    pane.command = former->command;
    pane.shell_loaded = former->shell_loaded;
    if (pane.resume.empty()) pane.resume = former->resume;
  }

  const Pane* stored(const StoredId& id, const Window** in = nullptr) {
    const auto base = id.with(-1).text();
    if (!generations_.contains(base)) {
      auto loaded = load_stored(disk_, paths_, id);
      generations_[base] = loaded ? std::move(loaded->workspace) : Workspace{};
    }
    int number = id.number;
    for (const auto& session : generations_[base].sessions) {
      for (const auto& window : session.windows) {
        const auto panes = static_cast<int>(window.panes.size());
        if (number < panes) {
          if (in != nullptr) *in = &window;
          return &window.panes[static_cast<std::size_t>(number)];
        }
        number -= panes;
      }
    }
    return nullptr;
  }

  void editor(const LivePane& live, Pane& pane) {
    const auto* shown = shown_editor(live);
    if (shown == nullptr) return;
    pane.editor = shown->editor.id;
    privacy_.clean(told_.emplace_back(shown->editor).state);
  }

  // One pane has several when one is stopped, or runs inside another's terminal. Who connects is Neovim's server, a child of what the pane shows.
  const ConnectedEditor* shown_editor(const LivePane& live) const {
    std::vector<const ConnectedEditor*> here;
    for (const auto& connected : editors_)
      if (connected.pane == live.id && !connected.editor.id.empty()) here.push_back(&connected);
    if (here.empty()) return nullptr;
    if (here.size() == 1) return here.front();
    const auto in_front = [&](const ConnectedEditor* connected) { return in_foreground(live.pid, connected->pid); };
    const auto found = std::find_if(here.begin(), here.end(), in_front);
    return found != here.end() ? *found : here.front();
  }

  Disk& disk_;
  const Paths& paths_;
  const LiveServer& live_;
  const std::vector<ConnectedEditor>& editors_;
  Privacy privacy_;
  Repositories repositories_;
  std::vector<Editor> told_;
  std::vector<std::string> private_;
  std::map<std::string, Pane> done_;
  std::map<std::string, std::string> former_names_;  // of windows, by pane
  std::map<std::string, Workspace> generations_;
};

}  // namespace

Result<Captured> capture(Disk& disk, const Paths& paths, const TmuxServer& server, const std::vector<ConnectedEditor>& editors,
                         const Settings& settings, const Patience& patience) {
  auto live = TRY(read_server(server, patience));
  if (live.sessions.empty()) return Error{Fault::refused, "the tmux server has no session"};
  if (restore_is_under_way(live.restoring)) return Error{Fault::busy, "a restore is under way in this tmux server"};
  Capture capture(disk, paths, live, editors, settings);
  auto workspace = capture.workspace();
  fill_lazy(workspace, live, disk, paths);
  return Captured{std::move(workspace), std::move(live), capture.private_panes()};
}

}  // namespace kra
