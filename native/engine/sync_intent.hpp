// The file that says what is about to be written into a work tree. For engine/sync_*.cpp.
#pragma once

#include <string>
#include <vector>

#include "engine/sync_store.hpp"

namespace kra {

struct Intent {
  std::string id;
  std::string base_ref, work, commit;
  bool finished = false;  // only slots are left
  struct Slot {
    std::string name, path, before, after;
    template <class Self, class Visit>
    static void fields(Self& self, Visit visit) {
      visit("name", self.name);
      visit("path", self.path);
      visit("before", self.before);
      visit("after", self.after);
    }
  };
  std::vector<Slot> slots;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("id", self.id);
    visit("base_ref", self.base_ref);
    visit("work", self.work);
    visit("commit", self.commit);
    visit("finished", self.finished);
    visit("slots", self.slots);
  }
};

// Durable when it returns.
Result<void> write_intent(SyncStore& store, const Intent& intent);
// All that are there; one that is damaged is left out (its slots are then looked at as nobody's).
std::vector<Intent> read_intents(SyncStore& store);
Result<void> drop_intent(SyncStore& store, const Intent& intent);

}  // namespace kra
