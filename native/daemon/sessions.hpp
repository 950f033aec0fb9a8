// Sessions of editors: those outside tmux are kept by key (a directory), laid out as a workspace with that one editor; a restored editor
// asks for its state of the generation it was restored from.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "engine/history.hpp"

namespace kra {

struct Settings;

// Blocking: for a lane.
class Sessions {
 public:
  Sessions(Disk& disk, const Paths& paths) : disk_(disk), paths_(paths) {}

  // {changed}; durable when it returns. busy: the session is that of another editor, one of `living`, and `take` was not asked for.
  Result<Value> put(const Value& param, const std::vector<std::string>& living, const Settings& settings, const Patience& patience);
  // {state}: nil when there is none.
  Result<Value> get(const Value& param);
  // {sessions: [{key, cwd, saved_at}]}
  Result<Value> list();

 private:
  History history_of(const std::string& key) { return History(disk_, paths_.sessions() + "/" + directory_name(key), paths_.corrupt()); }
  Result<Generation> generation_of(const std::string& id);
  Disk& disk_;
  const Paths& paths_;
};

}  // namespace kra
