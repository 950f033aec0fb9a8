// Changes of a root told together: the first at once, what follows within the interval in one batch when that is over. What came and went
// within a batch is not in it. A value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/settle.hpp"

namespace kra {

struct ToldChange {
  ChangeKind kind = ChangeKind::modify;
  std::string path, from, writer, hash;
  std::uint64_t size = 0;
  std::uint64_t by = 0;  // connection of the editor that wrote it; 0: none of ours
  std::int64_t at = 0;  // milliseconds since 1970
  int line = 0;         // first changed line, from 1; 0: not known
  int added = 0, removed = 0;
};

struct ChangeBatch {
  std::string root;
  std::vector<ToldChange> changes;  // by path
  bool single = false;  // one file, and no other one within the interval before
};

class ChangeBatches {
 public:
  explicit ChangeBatches(Milliseconds interval) : interval_(interval) {}
  void retime(Milliseconds interval) { interval_ = interval; }
  // `wait`: when it is the first of a batch, that batch waits so long.
  void add(const std::string& root, ToldChange change, Instant now, Milliseconds wait = Milliseconds(0));
  // What changes in that root is told when it is released, or at that moment: git works there.
  void hold(const std::string& root, Instant until) { held_[root] = until; }
  // What waits is due then.
  void release(const std::string& root, Instant due);
  std::optional<Instant> due() const;
  std::vector<ChangeBatch> ring(Instant now);

 private:
  struct Root {
    std::map<std::string, ToldChange> changes;
    std::optional<Instant> due, told;
    std::string last;  // the one file of the last batch; empty when there were more
  };
  // When what waits in that root may be told.
  std::optional<Instant> due_of(const std::string& root, const Root& place) const;
  Milliseconds interval_;
  std::map<std::string, Root> roots_;
  std::map<std::string, Instant> held_;
};

}  // namespace kra
