// A store of a work tree in a process that comes back to it: between two turns others may have it, and what is remembered of the tree and the gits
// that answer stay for as long as nobody did.
#pragma once

#include <optional>

#include "engine/sync_store.hpp"
#include "engine/tree_memory.hpp"
#include "os/scan.hpp"

namespace kra {

class KeptStore {
 public:
  // `feed` tells where something has happened below the root; it outlives this.
  explicit KeptStore(ChangeFeed& feed) : feed_(feed) {}
  KeptStore(const KeptStore&) = delete;
  KeptStore& operator=(const KeptStore&) = delete;

  // The store of this work tree, until rest(). As SyncStore::open().
  Result<SyncStore*> take(Disk& disk, const Paths& paths, const RepositoryPlace& place, const Patience& patience);
  void rest();
  // Joins packs when there are many, and ends the gits; what is known of the tree stays. Between turns.
  void hang_up(const Patience& patience);
  // Nothing is kept any more.
  void close() { store_.reset(); }

 private:
  ChangeFeed& feed_;
  std::optional<SyncStore> store_;
  FileStamp root_;  // when it was opened
};

// A turn of a kept store, or a store of one's own.
class StoreTurn {
 public:
  static Result<StoreTurn> begin(KeptStore* kept, Disk& disk, const Paths& paths, const RepositoryPlace& place, const Patience& patience);
  StoreTurn(StoreTurn&& other) noexcept : kept_(std::exchange(other.kept_, nullptr)), own_(std::move(other.own_)), store_(other.store_) {}
  StoreTurn& operator=(StoreTurn&&) = delete;
  ~StoreTurn() {
    if (kept_) kept_->rest();
  }
  SyncStore& store() { return kept_ ? *store_ : *own_; }

 private:
  StoreTurn(KeptStore& kept, SyncStore& store) : kept_(&kept), store_(&store) {}
  explicit StoreTurn(SyncStore own) : own_(std::move(own)) {}
  KeptStore* kept_ = nullptr;
  std::optional<SyncStore> own_;
  SyncStore* store_ = nullptr;
};

}  // namespace kra
