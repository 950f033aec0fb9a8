#include "engine/sync.hpp"
#include "engine/sync_apply.hpp"
#include "engine/sync_refs.hpp"
#include "engine/work_scan.hpp"

namespace kra {

// A conflict that was left open: from now on the path comes from their version, so that ours, if it stays, is a change of it.
static Result<void> settle_base(SyncStore& store, const ConflictRecord& conflict, const Patience& patience) {
  const auto head = TRY(read_head(store.disk(), store.place()));
  const auto ref = "refs/kra/base/" + ref_part(head.branch);
  const auto tree = TRY(resolve(store.git(), ref + "^{tree}", patience));
  std::vector<Import::Change> changes;
  if (!tree.empty() && tree != empty_tree(store.place().sha256)) changes.push_back({"", "040000", tree});
  changes.push_back({conflict.path, conflict.theirs.mode, conflict.theirs.oid});
  Import import;
  import.commit({.ref = ref, .committer = own_identity(wall_now()), .message = "base", .changes = std::move(changes)});
  TRY(import.run(store.git(), patience));
  return {};
}

Result<void> take_side(SyncStore& store, const ConflictRecord& conflict, Choice choice, const Patience& patience) {
  const bool open = conflict.strategy == "manual";
  const auto bytes_of = [&](const TreeEntry& entry) -> Result<std::string> {
    if (!entry) return std::string();
    return std::move(TRY(read_blobs(store.git(), {entry.oid}, patience)).front());
  };
  const auto theirs = TRY(bytes_of(conflict.theirs));
  const auto& wanted = choice == Choice::theirs ? conflict.theirs : conflict.ours;
  const auto bytes = TRY(bytes_of(wanted));
  if (choice != Choice::both && wanted) {
    auto now = store.tree().read(conflict.path, 1ULL << 30, patience);
    if (!now && now.error().fault != Fault::not_found) return std::move(now.error());
    const WantedFile file{wanted.mode == "120000", bytes, wanted.mode == "100755"};
    if (!now || now->bytes != bytes) TRY(store.tree().put(conflict.path, file, now ? std::optional(*now) : std::nullopt, store.new_slot()));
  }
  const auto copy = conflict.copy.empty() ? conflict_name(conflict.path, conflict.device, conflict.theirs.oid) : conflict.copy;
  if (choice == Choice::both && open) TRY(store.tree().put(copy, {conflict.theirs.mode == "120000", theirs, conflict.theirs.mode == "100755"}, std::nullopt, store.new_slot()));
  // The copy of the other side goes when it is still what was laid there.
  if (choice != Choice::both && !conflict.copy.empty())
    if (auto there = store.tree().read(copy, 1ULL << 30, patience); there && there->bytes == theirs) TRY(store.tree().remove(copy, *there, store.new_slot()));
  if (open) TRY(settle_base(store, conflict, patience));
  return forget_conflict(store, conflict.id, patience);
}

}  // namespace kra
