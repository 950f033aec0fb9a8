#include "daemon/notices.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "engine/lazy.hpp"
#include "os/command.hpp"

namespace kra {

static constexpr Milliseconds tmux_patience{2'000}, program_patience{10'000};

static bool is_wanted(const std::string& level, const std::string& from) {
  constexpr std::array<std::string_view, 5> order = {"debug", "info", "warn", "error", "off"};
  return std::find(order.begin(), order.end(), level) >= std::find(order.begin(), order.end(), from);
}

std::vector<std::string> notice_words(const std::string& command, const Notice& notice) {
  std::vector<std::string> words;
  for (const auto word : split(command, " "))
    if (!word.empty()) words.emplace_back(word);
  if (words.empty()) return words;
  words.insert(words.end(), {notice.level, notice.code, printable(notice.text)});
  return words;
}

void Notices::tell(const Notice& notice, const std::vector<TmuxServer>& servers) {
  const Value data = Value::Map{{"code", notice.code}, {"text", notice.text}, {"cure", notice.cure}};
  clients_.each([&](Client& client) {
    if (client.hello.client == "nvim") client.tell_editor("problem", data);
  });
  const auto& settings = settings_.now();
  if (!is_wanted(notice.level, settings.notify_level)) return;
  auto words = notice_words(settings.notify_command, notice);
  auto shown = settings.notify_tmux ? servers : std::vector<TmuxServer>{};
  if (words.empty() && shown.empty()) return;
  lane_.post([notice, words = std::move(words), shown = std::move(shown)](std::stop_token stop) {
    for (const auto& server : shown) tell_visitors(server, "", cat(notice.text, notice.cure.empty() ? "" : cat(" (", notice.cure, ")")), {Clock::now() + tmux_patience, stop});
    if (!words.empty()) (void)run({.argv = words}, {Clock::now() + program_patience, stop});
    return true;
  }, [](bool) {});
}

}  // namespace kra
