// The programs that are connected to the daemon, seen by a sync that is about to write: which files an editor is changing, what it is told
// before and after. Without a daemon there is nobody to ask, and nothing is lost: each file is compared before it is replaced in any case.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "peers/daemon_client.hpp"

namespace kra {

class SyncWriters {
 public:
  // For one work tree. A daemon is never started for it.
  SyncWriters(const Paths& paths, std::string root) : paths_(paths), root_(std::move(root)) {}

  // The turn begins: paths (below the root) that an editor has modified. It ends with resume(), with this object, or by itself after a few seconds.
  std::set<std::string> prepare(const Patience& patience);
  // These bytes will be written there next; no bytes: the file goes. Sent by tell_claims().
  void claim(const std::string& path, const std::string* bytes);
  void tell_claims(const Patience& patience);
  // These were written or deleted.
  void applied(const std::vector<std::string>& paths, const Patience& patience);
  void resume() { daemon_.reset(); }

 private:
  const Paths& paths_;
  std::string root_;
  std::optional<DaemonClient> daemon_;
  Value::Array claims_;
};

}  // namespace kra
