// What the user should know and did not ask for: told in every editor, in the status line of every tmux client, and to a program of his choice.
#pragma once

#include <string>
#include <vector>

#include "daemon/lane.hpp"
#include "daemon/server.hpp"
#include "daemon/settings_file.hpp"
#include "os/paths.hpp"
#include "peers/tmux_client.hpp"

namespace kra {

struct Notice {
  std::string level = "warn";  // debug, info, warn, error
  std::string code, text, cure;
};

class Notices {
 public:
  Notices(Loop& loop, Server& clients, SettingsFile& settings) : clients_(clients), settings_(settings), lane_(loop) {}

  // An editor decides by its own settings what it shows; tmux and the program by ours.
  void tell(const Notice& notice, const std::vector<TmuxServer>& servers);
  bool busy() const { return lane_.unanswered() > 0; }

 private:
  Server& clients_;
  SettingsFile& settings_;
  Lane lane_;
};

// The program and its arguments that notify.command names, and behind them level, code and text; no shell reads them. Empty: there is none.
std::vector<std::string> notice_words(const std::string& command, const Notice& notice);

}  // namespace kra
