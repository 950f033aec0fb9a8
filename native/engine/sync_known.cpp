#include "engine/sync_known.hpp"

#include "base/text.hpp"
#include "engine/sync_apply.hpp"

namespace kra {

Result<void> forget_other_remote(SyncStore& store, const SyncRecord& record, const Patience& patience) {
  const auto file = store.file("with"), now = cat(record.mode, " ", record.url);
  const auto before = store.disk().read(file, 64U << 10);
  if (before && *before == now) return {};
  if (before) {
    std::vector<RefChange> gone;
    for (const auto* known : {"refs/kra/base/", "refs/kra/remote/", "refs/kra/outbox/"})
      for (const auto& [name, oid] : TRY(list_refs(store.git(), known, patience))) gone.push_back({name, "", ""});
    TRY(finish_intents(store));
    TRY(change_refs(store.git(), gone, patience));
  }
  return store.disk().replace(file, now);
}

}  // namespace kra
