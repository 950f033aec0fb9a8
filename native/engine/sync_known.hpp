// What a store knows of a remote: where each path came from, which commit it had last.
#pragma once

#include "engine/sync_record.hpp"
#include "engine/sync_store.hpp"

namespace kra {

// It counts for one address in one mode. Of another one nothing is known yet: what is only here would look as if it had been deleted there.
Result<void> forget_other_remote(SyncStore& store, const SyncRecord& record, const Patience& patience);

}  // namespace kra
