// Everything about a server in one client call: what tmux prints, put together as values.
#include <algorithm>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "model/tmux_options.hpp"
#include "os/process.hpp"
#include "peers/tmux.hpp"
#include "peers/tmux_client.hpp"
#include "peers/tmux_format.hpp"
#include "peers/tmux_hooks.hpp"
#include "peers/tmux_words.hpp"

namespace kra {
namespace {

using namespace fields;

std::int64_t number(std::string_view text) { return parse_int(text).value_or(0); }
bool flag(std::string_view text) { return !text.empty() && text != "0"; }

class Reader {
 public:
  explicit Reader(const std::vector<TmuxRecord>& records) : records_(records) {}

  Result<LiveServer> read() {
    TRY(same_server());
    for (const auto& record : records_) {
      if (record.kind == 'O') options(record.fields[0]);
    }
    for (const auto& record : records_) {
      if (record.kind == 'P') pane(record.fields);
    }
    for (const auto& record : records_) {
      if (record.kind == 'S') session(record.fields);
      if (record.kind == 'W') window(record.fields);
      if (record.kind == 'C') client(record.fields);
    }
    number_links();
    choose_sessions();
    for (const auto& hook : hook_table()) missing_everywhere(hook);
    server_.host = host_name();
    std::sort(server_.sessions.begin(), server_.sessions.end(),
              [](const LiveSession& one, const LiveSession& other) { return one.session.name < other.session.name; });
    return std::move(server_);
  }

 private:
  using Fields = std::vector<std::string_view>;

  Result<void> same_server() {
    const auto& begin = records_.front().fields;
    const auto& end = records_.back().fields;
    if (begin[begin_pid] != end[0] || begin[begin_start] != end[1]) return Error{Fault::conflict, "another tmux server took the place of the first"};
    server_.pid = static_cast<pid_t>(number(begin[begin_pid]));
    server_.start_time = number(begin[begin_start]);
    server_.version = begin[begin_version];
    release_ = tmux_release(server_.version);
    return {};
  }

  // Lines "name value", in which the value is written for tmux's own parser.
  void options(std::string_view dump) {
    for (const auto text : split(dump, "\n")) {
      const auto space = text.find(' ');
      if (space == text.npos) continue;
      auto words = tmux_words(text.substr(space + 1));
      // Values with spaces that need no quotes, such as those of hooks, are not quoted.
      globals_[text.substr(0, space)] = join(words, " ");
    }
    server_.default_shell = global("default-shell");
    server_.default_command = global("default-command");
    server_.restoring = global("@kra_restoring");
    for (const auto& row : option_table()) {
      if (auto text = row.server_option.empty() ? "" : global(row.server_option); !text.empty())
        server_.options.push_back({std::string(row.server_option), std::move(text)});
    }
    for (const std::string_view name : {"status-left", "status-right", "status-format[0]", "status-format[1]"}) {
      server_.shows_status = server_.shows_status || global(name).find("@kra_status") != std::string::npos;
    }
    hooks_wanted_ = !global(hook_mark).empty();
    for (const auto& hook : hook_table()) hooks_wanted_ = hooks_wanted_ || global(hook_name(hook)) == hook_action;
  }
  std::string global(std::string_view name) const {
    const auto found = globals_.find(name);
    return found == globals_.end() ? "" : found->second;
  }

  void pane(const Fields& from) {
    auto& panes = panes_[from[p_window]];
    // A linked window is told once for each session that has it.
    if (std::any_of(panes.begin(), panes.end(), [&](const LivePane& known) { return known.id == from[p_id]; })) return;
    auto& live = panes.emplace_back();
    live.id = from[p_id];
    live.pid = static_cast<pid_t>(number(from[p_pid]));
    live.dead = flag(from[p_dead]);
    live.alternate = flag(from[p_alternate]);
    live.history_size = static_cast<std::uint64_t>(number(from[p_history]));
    live.cursor_y = static_cast<int>(number(from[p_cursor_y]));
    live.pane.index = static_cast<int>(number(from[p_index]));
    live.pane.active = flag(from[p_active]);
    live.pane.title = decoded_title(from[p_title], release_);
    live.pane.command = tmux_words(from[p_start_command]);
    if (live.pane.command.size() == 1 && live.pane.command[0] == server_.default_command) live.pane.command.clear();
    live.pane.resume = unpacked_words(from[p_resume]);
    if (flag(from[p_last])) last_panes_[from[p_window]] = live.pane.index;
    shadowed(HookScope::pane, from[p_hooks], from[p_id]);
  }

  void session(const Fields& from) {
    auto& live = server_.sessions.emplace_back();
    live.id = from[s_id];
    live.created = number(from[s_created]);
    live.activity = number(from[s_activity]);
    live.last_attached = number(from[s_last_attached]);
    live.lazy = from[s_lazy];
    live.session.name = decoded_name(from[s_name], release_);
    live.session.group = decoded_name(from[s_group], release_);
    live.session.path = from[s_path];
    live.session.attached = flag(from[s_attached]);
    shadowed(HookScope::session, from[s_hooks], from[s_id]);
  }

  void window(const Fields& from) {
    auto& sessions = server_.sessions;
    const auto owner = std::find_if(sessions.begin(), sessions.end(), [&](const LiveSession& one) { return one.id == from[w_session]; });
    if (owner == sessions.end()) return;
    auto& live = owner->windows.emplace_back();
    live.id = from[w_id];
    live.activity = number(from[w_activity]);
    live.panes = panes_[from[w_id]];
    auto& window = live.window;
    window.index = static_cast<int>(number(from[w_index]));
    window.name = decoded_name(from[w_name], release_);
    window.layout = normal_layout(from[w_layout]);
    window.active = flag(from[w_active]);
    window.last = flag(from[w_last]);
    window.zoomed = flag(from[w_zoomed]);
    if (const auto last = last_panes_.find(from[w_id]); last != last_panes_.end()) window.last_pane = last->second;
    live.names_itself = flag(from[w_automatic_rename]);
    window.automatic_rename = own_value("automatic-rename", from[w_automatic_rename]).value_or("");
    const auto& names = saved_window_options();
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto value = own_value(names[i], from[w_options + i]);
      if (!value) continue;
      Option option{std::string(names[i]), std::move(*value)};
      if (is_harmless(option)) window.options.push_back(std::move(option));
    }
    if (window.active) {
      owner->session.width = static_cast<int>(number(from[w_width]));
      owner->session.height = static_cast<int>(number(from[w_height]));
    }
    shadowed(HookScope::window, from[w_hooks], from[w_id]);
  }

  // What is in force where it is not what holds everywhere. Formats show a switch as 1 or 0.
  std::optional<std::string> own_value(std::string_view name, std::string_view in_force) const {
    const auto everywhere = global(name);
    std::string value(in_force);
    if (everywhere == "on" || everywhere == "off") value = in_force == "1" ? "on" : in_force == "0" ? "off" : value;
    if (value == everywhere) return {};
    return value;
  }

  void client(const Fields& from) {
    server_.clients.push_back({std::string(from[c_name]), std::string(from[c_session_id])});
    server_.attached = true;
    const auto activity = number(from[c_activity]);
    if (activity < last_activity_) return;
    last_activity_ = activity;
    server_.active_session = decoded_name(from[c_session], release_);
    server_.last_session = decoded_name(from[c_last_session], release_);
  }

  // Windows that are seen in several places, numbered as they first appear.
  void number_links() {
    std::map<std::string, int> seen, links;
    for (const auto& session : server_.sessions) {
      for (const auto& live : session.windows) ++seen[live.id];
    }
    for (auto& session : server_.sessions) {
      for (auto& live : session.windows) {
        if (seen[live.id] > 1) live.window.link = links.emplace(live.id, static_cast<int>(links.size()) + 1).first->second;
      }
    }
  }

  void choose_sessions() {
    if (server_.attached) return;
    std::vector<const LiveSession*> visited;
    for (const auto& session : server_.sessions) {
      if (session.last_attached > 0) visited.push_back(&session);
    }
    std::stable_sort(visited.begin(), visited.end(), [](auto* one, auto* other) { return one->last_attached > other->last_attached; });
    server_.active_session = visited.empty() ? global(active_option) : visited[0]->session.name;
    server_.last_session = visited.empty() ? global(last_option) : visited.size() > 1 ? visited[1]->session.name : "";
  }

  void missing_everywhere(const TmuxHook& hook) {
    if (hooks_wanted_ && release_ >= hook.since && global(hook_name(hook)) != hook_action) server_.missing_hooks.push_back(hook_command(hook, ""));
  }
  // Where ours is there for all and yet not in force, one of the user's own stands before it.
  void shadowed(HookScope scope, std::string_view digits, std::string_view target) {
    std::size_t at = 0;
    for (const auto& hook : hook_table()) {
      if (hook.scope != scope || at >= digits.size()) continue;
      const bool ours = digits[at++] == '1';
      if (hooks_wanted_ && !ours && global(hook_name(hook)) == hook_action) {
        auto command = hook_command(hook, target);
        auto& missing = server_.missing_hooks;
        if (std::find(missing.begin(), missing.end(), command) == missing.end()) missing.push_back(std::move(command));
      }
    }
  }

  const std::vector<TmuxRecord>& records_;
  LiveServer server_;
  int release_ = 0;
  bool hooks_wanted_ = false;
  std::int64_t last_activity_ = -1;
  std::map<std::string_view, std::string, std::less<>> globals_;
  std::map<std::string_view, std::vector<LivePane>> panes_;
  std::map<std::string_view, int> last_panes_;
};

// A server that has no session (any more) tells who it is and refuses the rest.
Result<LiveServer> without_sessions(std::string_view answer, std::string_view token) {
  const auto pieces = split(answer, token);
  if (pieces.size() < 2 + begin_count || pieces[1] != "B") return Error{Fault::conflict, "tmux: no current target"};
  LiveServer live;
  live.pid = static_cast<pid_t>(number(pieces[2 + begin_pid]));
  live.start_time = number(pieces[2 + begin_start]);
  live.version = pieces[2 + begin_version];
  live.host = host_name();
  return live;
}

}  // namespace

std::string packed_words(const std::vector<std::string>& words) {
  std::string packed;
  for (const auto& word : words) {
    for (const char c : word) packed += hex(static_cast<unsigned char>(c), 2);
    packed += "00";
  }
  return packed;
}

std::vector<std::string> unpacked_words(std::string_view packed) {
  const auto nibble = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i + 1 < packed.size(); i += 2) {
    const int high = nibble(packed[i]), low = nibble(packed[i + 1]);
    if (high < 0 || low < 0) return {};
    if (high == 0 && low == 0) words.push_back(std::move(word)), word.clear();
    else word += static_cast<char>(high * 16 + low);
  }
  if (packed.size() % 2 != 0 || !word.empty()) return {};
  return words;
}

Result<LiveServer> read_server(const TmuxServer& server, const Patience& patience) {
  const auto token = fresh_token();
  const auto outcome = TRY(tmux_client(server, question(token), "", patience));
  if (outcome.status != 0 && outcome.errors.starts_with("no current target")) return without_sessions(outcome.output, token);
  if (outcome.status != 0) return Error{Fault::conflict, cat("tmux: ", printable(outcome.errors.substr(0, outcome.errors.find('\n'))))};
  const auto records = TRY(records_of(outcome.output, token));
  return Reader(records).read();
}

Result<void> mend_hooks(const TmuxServer& server, const LiveServer& live, const Patience& patience) {
  if (live.missing_hooks.empty()) return {};
  TRY(tmux_client(server, {"source-file", "-"}, join(live.missing_hooks, ""), patience));
  return {};
}

}  // namespace kra
