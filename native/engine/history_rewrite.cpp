#include "base/text.hpp"
#include "engine/history_stored.hpp"

namespace kra {

Result<int> History::rewrite(const std::function<bool(Generation&)>& change) {
  if (!disk_.info(directory_)) return 0;
  auto lock = TRY(hold(Patience::of(lock_patience)));
  int changed = 0;
  for (const auto& name : TRY(names())) {
    for (auto number : TRY(look(name)).generations) {
      auto generation = read_generation(name, number);
      // A damaged one is verify()'s, a newer kra's is not ours to change.
      if (!generation || !change(*generation)) continue;
      auto file = TRY(serialise(*generation));
      TRY(disk_.replace(file_of(name, number, ".kra"), file));
      ++changed;
    }
  }
  return changed;
}

}  // namespace kra
