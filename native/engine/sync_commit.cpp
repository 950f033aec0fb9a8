// Of a sync: the commit that the remote is to have, or a place beside it.
#include "engine/sync_steps.hpp"

#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_branch.hpp"
#include "engine/sync_hooks.hpp"
#include "engine/sync_refs.hpp"
#include "engine/sync_sign.hpp"
#include "os/process.hpp"

namespace kra {

Result<bool> Syncing::keep_aside(const std::string& because) {
  if (request_.plan) return hold(cat(outgoing_.size(), " changed files: ", because));
  const auto mine = cat("refs/kra/dev/", device_, "/", branch_name());
  const auto local = "refs/kra/dev/" + ref_part(branch_name());
  const auto before = TRY(resolve(store_.git(), local, patience_));
  if (before.empty() || TRY(resolve(store_.git(), before + "^{tree}", patience_)) != work_) {
    const auto commit = TRY(commit_of(local, work_, before.empty() ? std::vector<std::string>{} : std::vector{before}));
    const auto answer = TRY(push_remote(store_, record_.url, commit, mine, network()));
    if (answer.trouble != RemoteTrouble::none) return end_with(answer.trouble, answer.words);
  }
  report_.state = "waiting", report_.pushed = outgoing_.size();
  report_.why = cat(outgoing_.size(), " changed files are safe at ", mine, ", not on ", head_.branch.empty() ? "a branch" : printable(head_.branch), ": ", because);
  return false;
}

std::string Syncing::message_of() const {
  const auto now = rfc3339(wall_now());
  std::vector<std::string> paths;
  for (const auto& change : outgoing_) paths.push_back(change.path);
  auto message = filled_message(settings_.sync.message, {{"host", host_name()}, {"device", device_}, {"reason", request_.reason}, {"count", cat(outgoing_.size())}, {"branch", head_.branch},
                                                         {"date", now.substr(0, 10)}, {"time", now.substr(11, 5)}, {"files", file_names(paths)}});
  return message + origin_lines({device_, track_ ? std::string() : head_.oid});
}

Result<std::string> Syncing::commit_of(const std::string& ref, const std::string& tree, const std::vector<std::string>& parents, std::string message) {
  std::vector<Import::Change> changes;
  if (tree != empty_tree(store_.place().sha256)) changes.push_back({"", "040000", tree});
  const auto who = track_ ? user_identity(store_.disk(), store_.place()) : own_identity(wall_now());
  if (message.empty()) message = message_of();
  Import import;
  const int mark = import.commit({.ref = ref, .committer = who, .message = std::move(message), .parents = parents, .changes = std::move(changes)});
  return TRY(import.run(store_.git(), patience_)).oids[mark];
}

Result<bool> Syncing::make_commit() {
  const auto& local = track_ ? head_.oid : std::string();
  outbox_is_old_ = false;
  std::vector<std::string> parents;
  bool ours_in_theirs = local.empty(), theirs_in_ours = remote_.empty();
  if (!local.empty() && !remote_.empty()) ours_in_theirs = TRY(contains(remote_, local)), theirs_in_ours = TRY(contains(local, remote_));
  if (!remote_.empty() && ours_in_theirs && merged_ == remote_tree_) return commit_ = remote_, true;
  if (!local.empty() && theirs_in_ours && TRY(resolve(store_.git(), local + "^{tree}", patience_)) == merged_) return commit_ = local, true;
  if (!remote_.empty() && (ours_in_theirs || !theirs_in_ours)) parents.push_back(remote_);
  if (!local.empty() && (remote_.empty() || !ours_in_theirs)) parents.push_back(local);
  if (parents.empty() && outgoing_.empty()) return commit_.clear(), true;
  commit_ = TRY(commit_of({}, merged_, parents));
  outbox_is_old_ = !request_.plan;
  if (!track_ || request_.plan || !request_.push) return true;
  if (settings_.sync.hooks == "full") {
    TRY(give_commit(store_, commit_, given_, patience_));
    auto said = run_commit_hooks(store_, commit_, message_of(), settings_.sync, patience_);
    if (!said && said.error().fault == Fault::refused) return end_with(RemoteTrouble::refused_hook, said.error().what);
    if (!said) return std::move(said.error());
    commit_ = TRY(commit_of({}, merged_, parents, std::move(*said)));
  }
  if (!wants_signature(store_.disk(), store_.place(), settings_.sync)) return true;
  auto with_signature = signed_commit(store_, commit_, patience_);
  if (!with_signature && with_signature.error().fault == Fault::refused) return keep_aside(cat("it could not be signed: ", with_signature.error().what));
  commit_ = TRY(std::move(with_signature));
  return true;
}

}  // namespace kra
