#include "engine/sync_kept.hpp"

#include "peers/git_session.hpp"

namespace kra {

static bool same_place(const RepositoryPlace& left, const RepositoryPlace& right) {
  return left.root == right.root && left.git == right.git && left.common == right.common && left.config == right.config && left.sha256 == right.sha256;
}

Result<SyncStore*> KeptStore::take(Disk& disk, const Paths& paths, const RepositoryPlace& place, const Patience& patience) {
  const auto root = stamp_of(place.root);
  const bool same = store_ && same_place(store_->place(), place) && root.device == root_.device && root.inode == root_.inode;
  if (same && TRY(store_->wake(patience))) return &*store_;
  store_.reset();
  store_.emplace(TRY(SyncStore::open(disk, paths, place, patience)));
  store_->remember(std::make_shared<TreeMemory>(TreeMemory{.feed = &feed_}));
  root_ = root;
  return &*store_;
}

void KeptStore::rest() {
  if (store_) store_->rest();
}

void KeptStore::hang_up(const Patience& patience) {
  if (!store_) return;
  const auto alone = store_->wake(patience);
  if (!alone && alone.error().fault == Fault::busy) return;
  if (!alone || !*alone) return store_.reset();
  if (!store_->tidy(patience)) return store_.reset();
  store_->hang_up();
  store_->rest();
}

Result<StoreTurn> StoreTurn::begin(KeptStore* kept, Disk& disk, const Paths& paths, const RepositoryPlace& place, const Patience& patience) {
  if (!kept) return StoreTurn(TRY(SyncStore::open(disk, paths, place, patience)));
  return StoreTurn(*kept, *TRY(kept->take(disk, paths, place, patience)));
}

}  // namespace kra
