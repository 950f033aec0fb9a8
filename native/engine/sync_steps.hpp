// A sync, step by step (engine/sync.hpp): what one step finds out the next ones build upon. Its parts lie in
//
//   sync.cpp               the order of the steps, and how it ends
//   sync_known_remote.cpp  base and remote: where each path came from, what the others have
//   sync_prepare.cpp       what goes and what comes, what is held back; a plan
//   sync_commit.cpp        the commit that the remote is to have
//   sync_bring_in.cpp      the push, then the work tree, then everything that says where it came from
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/sync.hpp"
#include "engine/sync_apply.hpp"
#include "engine/sync_branch.hpp"
#include "engine/sync_give.hpp"
#include "engine/sync_guard.hpp"
#include "engine/sync_intent.hpp"
#include "engine/sync_message.hpp"
#include "engine/sync_remote.hpp"
#include "engine/sync_swings.hpp"
#include "engine/work_scan.hpp"

namespace kra {

class Syncing {
 public:
  Syncing(SyncStore& store, const SyncRecord& record, const std::string& device, const SyncRequest& request, const Settings& settings, const Patience& patience)
      : store_(store), record_(record), device_(device), request_(request), settings_(settings), patience_(patience), track_(record.mode == "track") {}

  Result<SyncReport> run();

 private:
  // Told of a path that is not written, and why.
  using Leave = std::function<void(const PathChange& change, Fault fault, const std::string& why)>;

  SyncReport end(const char* state, const std::string& why);

  // Why neither files nor references may be touched now; empty when they may.
  Result<std::string> gate();

  // Why neither branch nor files may change, while what is here can go to this device's own reference; empty when they may.
  Result<std::string> beside();

  Result<void> snapshot();

  // False: the report says how it ended.
  Result<bool> one_round();

  // HEAD stands for what is on no branch.
  std::string branch_name() const { return head_.branch.empty() ? "HEAD" : head_.branch; }
  std::uint64_t hash_of_device() const;

  bool end_with(RemoteTrouble trouble, const std::string& words);
  bool hold(const std::string& why);

  Result<void> know_base();

  // Something is to be pushed and the remote was at this base: most likely it still is, which the push itself finds out.
  Result<bool> may_assume();
  bool pushes() const { return request_.push && !commit_.empty() && commit_ != remote_; }

  // What the remote has now is in the store, and an earlier sync that was killed is understood.
  Result<RemoteAnswer> know_remote();

  // A sync that was killed after its push: every path came from what was pushed then.
  Result<void> recover();

  Result<void> finish_intent(const std::string& id);

  Result<bool> contains(const std::string& tip, const std::string& commit);

  Result<void> read_remote_commit();

  // Never synced: both sides come from the newest commit that both have.
  Result<void> first_base();

  // From here to the push only the store changes. False: held.
  Result<bool> prepare();

  // Of what is held its committed blob, before the change or after it.
  static std::map<std::string, std::string> blobs_of(const HeldPaths& held, const std::vector<PathChange>& changes, TreeEntry PathChange::*side);

  // Too much at once: that part waits for the user, everything else goes on.
  bool guards(const std::string& why);

  bool remote_is_newer() const;

  Result<std::string> tree_with(const char* name, const std::string& tree, std::vector<Import::Change> changes);

  // What may not go to the branch now goes to a reference of this device, where nothing is lost and nobody is in the way.
  Result<bool> keep_aside(const std::string& because);

  std::string message_of() const;

  Result<std::string> commit_of(const std::string& ref, const std::string& tree, const std::vector<std::string>& parents, std::string message = {});

  // The commit that the remote shall have: one that is there already when its tree is right, else a new one upon what both have.
  // False: it may not be made, and the report says why.
  Result<bool> make_commit();

  Result<void> tell_plan();

  Result<RemoteAnswer> push();
  Result<void> beside_push();
  Result<void> keep_in_outbox();

  // The remote has it: now the work tree, and after it everything that says where it came from.
  Result<void> bring_in();

  Result<void> keep_swings(const std::string& text);

  // Of what came in, what is to be written; `leave` is told of the rest.
  Result<std::vector<PathChange>> chosen(const Leave& leave);

  Result<void> apply(std::vector<Import::Change>& base_changes);

  // Unsaved text lies in an editor for it: the file waits until that is written.
  void leave_to_editors(ApplyRequest& request, const Leave& leave);

  Result<void> write_base(const std::string& tree, std::vector<Import::Change> changes, std::vector<RefChange> also = {});

  Result<void> move_branch();

  Patience network() const { return {std::min(patience_.until, Clock::now() + request_.network), patience_.stop}; }

  SyncStore& store_;
  const SyncRecord& record_;
  const std::string& device_;
  const SyncRequest& request_;
  const Settings& settings_;
  const Patience& patience_;
  const bool track_;
  SyncReport report_;
  Head head_;
  std::string base_ref_, remote_ref_, there_;
  std::shared_ptr<const UserIndex> index_;
  std::shared_ptr<const WorkState> state_;
  std::string base_, work_, remote_, remote_tree_, merged_, commit_;  // trees, but remote_ and commit_
  std::string last_words_, beside_;
  CommitOrigin theirs_;   // of remote_
  bool assumed_ = false;  // the remote was not asked: remote_ is what it had last
  std::vector<PathChange> outgoing_, incoming_;
  std::set<std::string> open_, held_, sparse_;
  std::vector<Applied::Left> left_;
  std::string guard_;     // what waits for the user to agree
  bool many_go_ = false;  // deletions that came in wait
  Intent intent_;
  bool outbox_is_old_ = false;  // commit_ is to be kept there
  Given given_;           // to the user's repository
  std::optional<BranchMove> move_;  // to commit_, when it is ready
  Swings swings_;
};

}  // namespace kra
