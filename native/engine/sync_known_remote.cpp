// Of a sync: where each path came from, and what the remote has.
#include "engine/sync_steps.hpp"

#include "base/text.hpp"
#include "engine/snapshot.hpp"

namespace kra {

Result<void> Syncing::know_base() {
  base_ = TRY(resolve(store_.git(), base_ref_ + "^{tree}", patience_));
  return {};
}

Result<bool> Syncing::may_assume() {
  if (request_.plan || !request_.push || base_.empty() || state_->tree == base_ || !unfinished_syncs(store_).empty()) return false;
  return TRY(resolve(store_.git(), remote_ref_ + "^{tree}", patience_)) == base_;
}

Result<RemoteAnswer> Syncing::know_remote() {
  const auto known = TRY(resolve(store_.git(), remote_ref_, patience_));
  auto answer = assumed_ ? RemoteAnswer{.oid = known} : TRY(ask_remote(store_, record_.url, there_, network()));
  if (answer.trouble != RemoteTrouble::none) return answer;
  remote_ = answer.oid;
  if (!remote_.empty() && remote_ != known) {
    answer = TRY(fetch_remote(store_, record_.url, there_, "refs/kra/incoming", network()));
    if (answer.trouble != RemoteTrouble::none) return answer;
    remote_ = answer.oid;
    const bool rewritten = !known.empty() && !TRY(contains(remote_, known));
    if (rewritten && !request_.confirmed) return hold(cat("history was rewritten at ", printable(record_.url), "; `kra sync --confirm` takes it as it is now")), answer;
    if (!request_.plan) TRY(change_refs(store_.git(), {{remote_ref_, remote_, ""}}, patience_));
  } else if (remote_.empty() && !known.empty() && !request_.confirmed) {
    return hold(cat(printable(there_), " is gone from the remote; `kra sync --confirm` makes it again")), answer;
  }
  if (!request_.plan) TRY(recover());
  remote_tree_ = remote_.empty() ? "" : TRY(resolve(store_.git(), remote_ + "^{tree}", patience_));
  TRY(read_remote_commit());
  if (base_.empty()) TRY(first_base());
  return answer;
}

Result<void> Syncing::recover() {
  for (const auto& unfinished : unfinished_syncs(store_)) {
    if (unfinished.base_ref != base_ref_) continue;
    if (!remote_.empty() && TRY(contains(remote_, unfinished.commit))) {
      TRY(write_base(unfinished.work, {}));
      base_ = unfinished.work;
    }
    TRY(finish_intent(unfinished.intent));
  }
  return {};
}

Result<void> Syncing::finish_intent(const std::string& id) {
  for (auto& intent : read_intents(store_))
    if (intent.id == id) TRY(drop_intent(store_, intent));
  return {};
}

Result<bool> Syncing::contains(const std::string& tip, const std::string& commit) {
  if (tip == commit) return true;
  const auto outcome = TRY(store_.git().run({.arguments = {"merge-base", "--is-ancestor", commit, tip}}, patience_));
  return outcome.status == 0;
}

Result<void> Syncing::read_remote_commit() {
  theirs_ = {};
  if (!remote_.empty() && remote_tree_ != base_) theirs_ = origin_of(TRY(read_blobs(store_.git(), {remote_}, patience_)).front());
  return {};
}

Result<void> Syncing::first_base() {
  base_ = empty_tree(store_.place().sha256);
  if (head_.oid.empty()) return {};
  const bool ours_known = !TRY(keep_commits(store_, {head_.oid}, patience_)).empty();
  if (!ours_known) return {};
  std::string common = head_.oid;
  if (!remote_.empty()) {
    const auto theirs = track_ ? remote_ : theirs_.head;
    if (theirs.empty() || !TRY(missing_objects(store_.git(), {theirs}, patience_)).empty()) return {};
    const auto outcome = TRY(store_.git().run({.arguments = {"merge-base", head_.oid, theirs}}, patience_));
    common = outcome.status == 0 ? outcome.output.substr(0, outcome.output.find('\n')) : "";
  }
  if (!common.empty()) base_ = TRY(resolve(store_.git(), common + "^{tree}", patience_));
  return {};
}

}  // namespace kra
