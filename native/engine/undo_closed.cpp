// What is missing in a workspace compared with an earlier one.
#include <algorithm>
#include <set>

#include "engine/undo.hpp"

namespace kra {

namespace {

bool same_pane(const Pane& a, const Pane& b) { return a.cwd == b.cwd && a.argv == b.argv && a.editor == b.editor; }

bool same_panes(const Window& a, const Window& b) {
  return a.panes.size() == b.panes.size() && std::equal(a.panes.begin(), a.panes.end(), b.panes.begin(), same_pane);
}

bool share_a_pane(const Window& a, const Window& b) {
  for (const auto& one : a.panes)
    if (std::any_of(b.panes.begin(), b.panes.end(), [&](const Pane& other) { return same_pane(one, other); })) return true;
  return false;
}

// Pairs of windows of two versions of a session, by descending likeness. -1: no partner.
class Pairing {
 public:
  Pairing(const Session& before, const Session& after) : before_(before), after_(after), partner_(before.windows.size(), -1), used_(after.windows.size()) {
    pair([](const Window& a, const Window& b) { return a.index == b.index && a.name == b.name && same_panes(a, b); });
    pair([](const Window& a, const Window& b) { return a.name == b.name && same_panes(a, b); });
    pair([](const Window& a, const Window& b) { return a.index == b.index && share_a_pane(a, b); });
    pair([](const Window& a, const Window& b) { return a.index == b.index && a.name == b.name; });
    pair([](const Window& a, const Window& b) { return a.name == b.name && share_a_pane(a, b); });
    pair([](const Window& a, const Window& b) { return same_panes(a, b); });
    // As many windows as before: one was changed in place, none went.
    if (before.windows.size() <= after.windows.size()) pair([](const Window& a, const Window& b) { return a.index == b.index; });
  }
  int partner(std::size_t window) const { return partner_[window]; }
  bool is_new(std::size_t window) const { return !used_[window]; }

 private:
  template <class Alike>
  void pair(Alike alike) {
    for (std::size_t i = 0; i < before_.windows.size(); ++i)
      for (std::size_t j = 0; j < after_.windows.size() && partner_[i] < 0; ++j)
        if (!used_[j] && alike(before_.windows[i], after_.windows[j])) partner_[i] = static_cast<int>(j), used_[j] = true;
  }

  const Session& before_;
  const Session& after_;
  std::vector<int> partner_;
  std::vector<bool> used_;
};

// Places of the panes of `before` that `after` has no longer: as many as it has fewer, those without a likeness first.
std::vector<int> missing_panes(const Window& before, const Window& after) {
  std::vector<int> missing;
  auto fewer = before.panes.size() - after.panes.size();
  std::size_t next = 0;
  for (std::size_t i = 0; i < before.panes.size(); ++i) {
    auto from = after.panes.begin() + static_cast<std::ptrdiff_t>(next);
    auto found = std::find_if(from, after.panes.end(), [&](const Pane& other) { return same_pane(before.panes[i], other); });
    if (found == after.panes.end()) missing.push_back(static_cast<int>(i));
    else next = static_cast<std::size_t>(found - after.panes.begin()) + 1;
  }
  while (missing.size() > fewer) missing.erase(missing.begin());
  for (auto i = before.panes.size(); i-- > 0 && missing.size() < fewer;)
    if (std::find(missing.begin(), missing.end(), static_cast<int>(i)) == missing.end()) missing.push_back(static_cast<int>(i));
  std::sort(missing.begin(), missing.end());
  return missing;
}

const Session* find_session(const Workspace& workspace, const std::string& name) {
  auto found = std::find_if(workspace.sessions.begin(), workspace.sessions.end(), [&](const auto& one) { return one.name == name; });
  return found == workspace.sessions.end() ? nullptr : &*found;
}

class Comparison {
 public:
  Comparison(const Workspace& before, const Workspace& after) : before_(before), after_(after) {}

  std::vector<Closed> run() {
    for (const auto& session : before_.sessions) {
      const auto* now = find_session(after_, session.name);
      if (!now) now = renamed(session);
      if (now) compare(session, *now);
      else closed_.push_back({ClosedKind::session, session, {}});
    }
    return std::move(closed_);
  }

 private:
  // A session that is new and has at least half of the windows.
  const Session* renamed(const Session& session) {
    for (const auto& other : after_.sessions) {
      if (find_session(before_, other.name) || renamed_.count(other.name) > 0) continue;
      std::size_t alike = 0;
      Pairing pairs(session, other);
      for (std::size_t i = 0; i < session.windows.size(); ++i)
        alike += pairs.partner(i) >= 0 && same_panes(session.windows[i], other.windows[static_cast<std::size_t>(pairs.partner(i))]) ? 1 : 0;
      if (alike * 2 < session.windows.size() || alike == 0) continue;
      renamed_.insert(other.name);
      return &other;
    }
    return nullptr;
  }

  void compare(const Session& session, const Session& now) {
    Pairing pairs(session, now);
    for (std::size_t i = 0; i < session.windows.size(); ++i) {
      const auto& window = session.windows[i];
      // A window that is seen in several places is looked at once.
      if (window.link > 0 && !links_.insert(window.link).second) continue;
      auto partner = pairs.partner(i);
      if (partner >= 0) compare(session, window, now.windows[static_cast<std::size_t>(partner)]);
      else if (!moved(window, session)) closed_.push_back({ClosedKind::window, only(session, window), {}});
    }
  }

  void compare(const Session& session, const Window& window, const Window& now) {
    if (now.panes.size() >= window.panes.size()) return;
    auto missing = missing_panes(window, now);
    auto went_elsewhere = [&](int place) { return broken_out(window.panes[static_cast<std::size_t>(place)]); };
    missing.erase(std::remove_if(missing.begin(), missing.end(), went_elsewhere), missing.end());
    if (!missing.empty()) closed_.push_back({ClosedKind::pane, only(session, window), missing});
  }

  // In a session where it was not before, or still in another place.
  bool moved(const Window& window, const Session& from) const {
    for (const auto& session : after_.sessions)
      for (const auto& other : session.windows) {
        if (session.name == from.name || other.name != window.name || !same_panes(other, window)) continue;
        const auto* earlier = find_session(before_, session.name);
        if (window.link > 0 || !earlier || session.windows.size() > earlier->windows.size()) return true;
      }
    return false;
  }

  // A pane that became a window of its own.
  bool broken_out(const Pane& pane) const {
    for (const auto& session : after_.sessions) {
      const auto* earlier = find_session(before_, session.name);
      if (earlier && session.windows.size() <= earlier->windows.size()) continue;
      for (const auto& window : session.windows)
        if (window.panes.size() == 1 && same_pane(window.panes[0], pane) && (!earlier || is_new(window, *earlier))) return true;
    }
    return false;
  }

  static bool is_new(const Window& window, const Session& earlier) {
    return std::none_of(earlier.windows.begin(), earlier.windows.end(), [&](const Window& other) { return other.name == window.name && same_panes(other, window); });
  }

  static Session only(const Session& session, const Window& window) {
    auto one = session;
    one.windows = {window};
    return one;
  }

  const Workspace& before_;
  const Workspace& after_;
  std::set<int> links_;
  std::set<std::string> renamed_;
  std::vector<Closed> closed_;
};

}  // namespace

std::vector<Closed> closed_between(const Workspace& before, const Workspace& after) { return Comparison(before, after).run(); }

}  // namespace kra
