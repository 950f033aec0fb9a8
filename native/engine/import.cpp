#include "engine/import.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "engine/secrets.hpp"
#include "model/tmux_options.hpp"
#include "os/process.hpp"
#include "peers/tmux_words.hpp"

namespace kra {
namespace {

using Fields = std::vector<std::string_view>;

void make_harmless(Window& window) {
  std::erase_if(window.options, [](const Option& option) {
    const auto& known = saved_window_options();
    return std::find(known.begin(), known.end(), option.name) == known.end() || !is_harmless(option);
  });
  for (auto& pane : window.panes) {
    if (pane.argv.empty()) pane.argv = std::move(pane.command);
    pane.command.clear();
    pane.resume.clear();
    if (carries_secret(pane.argv)) pane.argv.clear();
  }
}

// Fields that may be empty have a colon in front.
std::string text_of(std::string_view field) { return std::string(field.starts_with(':') ? field.substr(1) : field); }

int number_of(std::string_view field) { return static_cast<int>(std::clamp<std::int64_t>(parse_int(field).value_or(0), 0, 1 << 20)); }

std::string without_backslashes(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

class Resurrect {
 public:
  Result<Workspace> read(std::string_view text) {
    for (const auto line : split(text, "\n")) {
      const auto fields = split(line, "\t");
      if (fields[0] == "pane" && fields.size() >= 10) pane(fields);
      if (fields[0] == "window" && fields.size() >= 6) window(fields);
      if (fields[0] == "state" && fields.size() >= 2) state(fields);
      if (fields[0] == "grouped_session" && fields.size() >= 3) groups_.push_back(fields);
    }
    for (const auto& fields : groups_) group(fields);
    return finished_import(std::move(workspace_), "tmux-resurrect");
  }

 private:
  Window& place(std::string_view session, std::string_view index) {
    auto& sessions = workspace_.sessions;
    auto found = std::find_if(sessions.begin(), sessions.end(), [&](const Session& one) { return one.name == session; });
    if (found == sessions.end()) found = sessions.insert(sessions.end(), Session{.name = std::string(session)});
    const auto number = number_of(index);
    auto& windows = found->windows;
    auto window = std::find_if(windows.begin(), windows.end(), [&](const Window& one) { return one.index == number; });
    if (window == windows.end()) window = windows.insert(windows.end(), Window{.index = number});
    return *window;
  }

  // Files before 2021 have the window's name in the fourth field and no pane title. An empty title is missing in later ones, so that all behind
  // it stands one field too early and what stands for the command is of another process.
  void pane(Fields fields) {
    const bool old = fields[3].starts_with(':');
    const bool shifted = !old && fields[6].starts_with(':') && !fields[7].starts_with(':');
    if (shifted) fields.insert(fields.begin() + 6, ""), fields.resize(10);
    Pane pane{.index = number_of(fields[old ? 6 : 5]), .active = fields[8] == "1", .title = old ? "" : std::string(fields[6])};
    pane.cwd = without_backslashes(text_of(fields[7]));
    if (fields.size() > 10) pane.argv = imported_argv(text_of(fields[10]));
    place(fields[1], fields[2]).panes.push_back(std::move(pane));
  }

  void window(const Fields& fields) {
    const bool named = fields[3].starts_with(':');
    const std::size_t active = named ? 4 : 3;
    if (fields.size() < active + 3) return;
    auto& window = place(fields[1], fields[2]);
    if (named) window.name = text_of(fields[3]);
    window.active = fields[active] == "1";
    const auto flags = text_of(fields[active + 1]);
    window.zoomed = flags.find('Z') != flags.npos;
    window.last = flags.find('-') != flags.npos;
    window.layout = normal_layout(fields[active + 2]);
    if (const auto rename = fields.size() > active + 3 ? fields[active + 3] : ""; rename == "on" || rename == "off") window.automatic_rename = rename;
  }

  void state(const Fields& fields) {
    workspace_.active_session = fields[1];
    if (fields.size() > 2) workspace_.last_session = fields[2];
  }

  // A session that shares the windows of another and has its own active one.
  void group(const Fields& fields) {
    auto& sessions = workspace_.sessions;
    const auto named = [&](std::string_view name) { return std::find_if(sessions.begin(), sessions.end(), [&](const Session& one) { return one.name == name; }); };
    const auto first = named(fields[2]);
    if (first == sessions.end() || named(fields[1]) != sessions.end()) return;
    first->group = first->name;
    Session session = *first;
    session.name = fields[1];
    const auto is = [&](const Window& window, std::size_t at) { return fields.size() > at && text_of(fields[at]) == cat(window.index); };
    if (std::any_of(session.windows.begin(), session.windows.end(), [&](const Window& window) { return is(window, 4); }))
      for (auto& window : session.windows) window.active = is(window, 4), window.last = is(window, 3);
    sessions.push_back(std::move(session));
  }

  std::vector<Fields> groups_;
  Workspace workspace_;
};

}  // namespace

Generation as_import(Generation generation) {
  for (auto& session : generation.workspace.sessions)
    for (auto& window : session.windows) make_harmless(window);
  generation.stamp.reason = "import";
  return generation;
}

std::vector<std::string> imported_argv(std::string_view command) {
  std::vector<std::string> argv;
  for (auto word : split(command, " "))
    if (!word.empty()) argv.emplace_back(word);
  constexpr std::string_view shells = " sh ash bash csh dash fish ksh nu tcsh xonsh zsh ";
  const auto name = argv.empty() ? "" : argv[0].substr(argv[0].rfind('/') + 1);
  const bool waits = argv.size() == 1 && (name.starts_with('-') || shells.find(cat(" ", name, " ")) != shells.npos);
  if (waits) argv.clear();
  return argv;
}

static void finish(Session& session) {
  std::sort(session.windows.begin(), session.windows.end(), [](const Window& a, const Window& b) { return a.index < b.index; });
  std::erase_if(session.windows, [](const Window& window) { return window.panes.empty(); });
  for (auto& window : session.windows) {
    std::sort(window.panes.begin(), window.panes.end(), [](const Pane& a, const Pane& b) { return a.index < b.index; });
    if (!window.active && session.width > 0) continue;
    // "ab12,208x60,0,0…"
    const auto parts = split(window.layout, ",");
    const auto size = parts.size() > 1 ? split(parts[1], "x") : Fields{};
    if (size.size() == 2) session.width = number_of(size[0]), session.height = number_of(size[1]);
  }
  if (!session.windows.empty()) session.path = session.windows[0].panes[0].cwd;
}

Result<Workspace> finished_import(Workspace workspace, std::string_view from) {
  for (auto& session : workspace.sessions) finish(session);
  std::erase_if(workspace.sessions, [](const Session& session) { return session.windows.empty(); });
  if (workspace.sessions.empty()) return Error{Fault::usage, cat("no file of ", from, ": there is no pane in it")};
  std::sort(workspace.sessions.begin(), workspace.sessions.end(), [](const Session& a, const Session& b) { return a.name < b.name; });
  workspace.host = host_name();
  return workspace;
}

Result<Workspace> read_resurrect(std::string_view text) { return Resurrect().read(text); }

}  // namespace kra
