#include "peers/tmux_contents.hpp"

#include "base/text.hpp"
#include "peers/tmux_client.hpp"
#include "peers/tmux_format.hpp"

namespace kra {

Result<std::vector<std::string>> read_contents(const TmuxServer& server, const std::vector<std::string>& ids, const Patience& patience) {
  std::vector<std::string> contents;
  if (ids.empty()) return contents;
  const auto token = fresh_token();
  std::string script;
  for (const auto& id : ids) script += cat("capture-pane -p -e -J -S -5000 -t ", tmux_quoted(id), "\ndisplay-message -p ", tmux_quoted(token), "\n");
  const auto outcome = TRY(tmux_client(server, {"source-file", "-"}, std::move(script), patience));
  for (const auto piece : split(outcome.output, token + "\n")) contents.emplace_back(piece);
  // Behind the last token nothing comes.
  contents.pop_back();
  return contents;
}

}  // namespace kra
