// What kra keeps of a work tree that it syncs, in state/git/ROOT/:
//
//   objects.git/   a git directory of our own, with its own objects: snapshots, what was synced, both sides of conflicts. The user's gc cannot
//                  reach it, nothing of it shows in the user's repository, and none of the user's settings are read in it.
//   lock           held while anything here changes; children of git hold it too, so it is free only when the last of them has ended
//   record         what the user agreed to (engine/sync_record.hpp)
//   scan           what each file looked like when it was read last (engine/work_scan.hpp)
//   intent         what is being applied (engine/sync_apply.hpp)
//   outcome        how the last sync ended
//   with           the mode and address that the base and the remote's commit belong to
//   unclean        there while the lock is held: who finds it on taking the lock follows one that was killed
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/disk.hpp"
#include "os/lock.hpp"
#include "os/paths.hpp"
#include "os/live_tree.hpp"
#include "peers/git_objects.hpp"
#include "peers/git_repository.hpp"

namespace kra {

struct TreeMemory;

class SyncStore {
 public:
  // Makes it when there is none. Waits for the lock as long as the patience lasts (Fault::busy).
  static Result<SyncStore> open(Disk& disk, const Paths& paths, const RepositoryPlace& place, const Patience& patience);
  SyncStore(SyncStore&&) = default;
  SyncStore& operator=(SyncStore&&) = delete;
  ~SyncStore();

  const Git& git() const { return git_; }
  // The same objects, with the user's files as work tree: for listing them by git's rules about what is ignored.
  Git git_with_tree() const;
  const RepositoryPlace& place() const { return place_; }
  const LiveTree& tree() const { return tree_; }
  Disk& disk() const { return *disk_; }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  // Names of files that git shall not take notice of, besides those that the repository says. In git's syntax.
  Result<void> set_excludes(const std::vector<std::string>& patterns);
  // All that set_excludes() found, as one list.
  const std::string& excludes() const { return excludes_; }
  // For one who comes back: what looks at the work tree may leave there for the next look (engine/tree_memory.hpp), the gits that answered stay, and
  // between rest() and wake() others may have the store. A store that rests is used for nothing.
  void remember(std::shared_ptr<TreeMemory> memory) { memory_ = std::move(memory); }
  TreeMemory* memory() const { return memory_.get(); }
  void rest();
  // The gits that answer end; others are started when they are needed.
  void hang_up();
  // False: somebody else had it meanwhile, and nothing here is good any more; then it is held all the same. Fault::busy as open().
  Result<bool> wake(const Patience& patience);
  // The one before was killed, or could not end.
  bool after_crash() const { return after_crash_; }
  // Joins packs when there are many. Takes its time, once in a while.
  Result<void> tidy(const Patience& patience);
  // One pack of what references lead to, and what is younger than an hour. Only when somebody asks for room.
  Result<void> shrink(const Patience& patience);
  // A name for a slot that was never used before.
  std::string new_slot();
  const std::string& slots() const { return slots_; }

 private:
  SyncStore(Disk& disk, std::string directory, RepositoryPlace place, Lock lock, LiveTree tree, std::string slots);
  Result<void> prepare(const Patience& patience);

  Disk* disk_;
  std::string directory_;
  RepositoryPlace place_;
  Lock lock_;
  LiveTree tree_;
  std::string slots_;
  Git git_;
  std::string excludes_;
  std::shared_ptr<TreeMemory> memory_;
  bool after_crash_ = false, resting_ = false;
};

std::string sync_directory(const Paths& paths, const std::string& root);

}  // namespace kra
