// What the scripts of a restore said: ids of what was made, and what was refused.
#include <algorithm>

#include "base/text.hpp"
#include "engine/restore_script.hpp"

namespace kra {

namespace {

std::string where(const Plan& plan, std::size_t session, std::size_t window) {
  const auto& one = plan.sessions[session];
  return cat(printable(one.name), ":", one.windows[window].window.index);
}

// The sentence with which tmux refuses the attach-session that only sets a directory.
bool is_expected(std::string_view error) { return error.empty() || error.find("open terminal failed") != std::string_view::npos; }

}  // namespace

void read_made(const std::string& output, Made& made) {
  for (auto line : split(output, "\n")) {
    auto words = split(line, " ");
    if (words.size() != 7 || words[0] != "kra") continue;
    auto session = parse_int(words[1]), window = parse_int(words[2]), pane = parse_int(words[3]);
    if (!session || !window || !pane || *session < 0 || static_cast<std::size_t>(*session) >= made.size()) continue;
    auto& one = made[static_cast<std::size_t>(*session)];
    one.id = words[4];
    if (*window == static_cast<std::int64_t>(no_window)) {
      one.placeholder = words[5];
      continue;
    }
    if (*window < 0 || *window > 100'000 || *pane < 0 || *pane > 100'000) continue;
    if (one.windows.size() <= static_cast<std::size_t>(*window)) one.windows.resize(static_cast<std::size_t>(*window) + 1);
    auto& in = one.windows[static_cast<std::size_t>(*window)];
    in.id = words[5];
    if (in.panes.size() <= static_cast<std::size_t>(*pane)) in.panes.resize(static_cast<std::size_t>(*pane) + 1);
    in.panes[static_cast<std::size_t>(*pane)] = words[6];
  }
}

static std::size_t count_missing(const WindowPlan& window, const MadeSession& made, std::size_t at) {
  if (window.linked) return 0;
  if (at >= made.windows.size()) return window.panes.size();
  const auto& panes = made.windows[at].panes;
  auto there = std::count_if(panes.begin(), panes.end(), [](const auto& id) { return !id.empty(); });
  return window.panes.size() - static_cast<std::size_t>(there);
}

std::vector<std::string> find_missing(const Plan& plan, const Made& made) {
  std::vector<std::string> missing;
  for (std::size_t s = 0; s < plan.sessions.size(); ++s) {
    const auto& session = plan.sessions[s];
    if (session.follows >= 0 || !session.joins.empty() || session.lazy) continue;
    if (made[s].id.empty() && session.fills.empty()) {
      missing.push_back(cat("session ", printable(session.name), " could not be made"));
      continue;
    }
    for (std::size_t w = 0; w < session.windows.size(); ++w)
      if (auto panes = count_missing(session.windows[w], made[s], w))
        missing.push_back(cat("window ", where(plan, s, w), ": ", panes, " of ", session.windows[w].panes.size(), " panes could not be made"));
  }
  return missing;
}

std::vector<std::string> find_refused(const Plan& plan, const ScriptOutcome& finished) {
  std::vector<std::string> refused;
  for (auto line : split(finished.output, "\n")) {
    auto words = split(line, " ");
    if (words.size() != 4 || words[0] != "layout") continue;
    auto session = parse_int(words[1]), window = parse_int(words[2]);
    if (!session || !window || *session < 0 || *window < 0) continue;
    auto s = static_cast<std::size_t>(*session), w = static_cast<std::size_t>(*window);
    if (s >= plan.sessions.size() || w >= plan.sessions[s].windows.size()) continue;
    const auto& wanted = plan.sessions[s].windows[w].window.layout;
    if (layout_shape(std::string(words[3])) != layout_shape(wanted)) refused.push_back(cat("window ", where(plan, s, w), ": its layout could not be applied"));
  }
  for (auto line : split(finished.errors, "\n"))
    if (!is_expected(line)) refused.push_back(cat("tmux: ", printable(line)));
  return refused;
}

LiveServer server_said(const std::string& output) {
  LiveServer server;
  for (auto line : split(output, "\n")) {
    auto words = split(line, " ");
    if (words.size() != 3 || words[0] != "server") continue;
    server.pid = static_cast<pid_t>(parse_int(words[1]).value_or(0));
    server.start_time = parse_int(words[2]).value_or(0);
  }
  return server;
}

Counts count_made(const Plan& plan, const Made& made) {
  Counts counts;
  for (std::size_t s = 0; s < plan.sessions.size(); ++s) {
    const auto& session = plan.sessions[s];
    bool shares = session.follows >= 0 || !session.joins.empty();
    if (!shares && made[s].id.empty()) continue;
    ++counts.sessions;
    for (std::size_t w = 0; w < session.windows.size() && w < made[s].windows.size() && !session.lazy; ++w) {
      const auto& window = made[s].windows[w];
      if (window.id.empty()) continue;
      ++counts.windows;
      for (std::size_t p = 0; p < window.panes.size(); ++p) {
        if (window.panes[p].empty()) continue;
        ++counts.panes;
        if (p < session.windows[w].panes.size() && session.windows[w].panes[p].editor) ++counts.editors;
      }
    }
  }
  return counts;
}

std::string layout_shape(const std::string& layout) {
  std::string shape;
  for (char c : layout)
    if (std::string_view("x{}[]<>").find(c) != std::string_view::npos) shape.push_back(c);
  return shape;
}

bool is_layout(const std::string& layout) {
  auto known = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || std::string_view("x,{}[]<>:.").find(c) != std::string_view::npos; };
  return layout.size() > 5 && std::all_of(layout.begin(), layout.end(), known);
}

}  // namespace kra
