#include "engine/sync_remote.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace kra {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

RemoteAnswer failed(const Outcome& outcome) {
  auto words = git_words(outcome);
  // git ends what a remote says with blanks, to wipe a terminal's line.
  while (words.ends_with(' ')) words.pop_back();
  auto trouble = trouble_of(outcome.errors);
  return {trouble == RemoteTrouble::none ? RemoteTrouble::other : trouble, std::move(words), {}};
}

// One that hangs is as good as none.
Result<std::pair<Outcome, bool>> over_network(SyncStore& store, std::vector<std::string> arguments, const Patience& patience, std::function<void()> meanwhile = {}) {
  auto outcome = store.git().run({.arguments = std::move(arguments), .network = true, .meanwhile = std::move(meanwhile)}, patience);
  if (outcome) return std::pair(std::move(*outcome), true);
  if (outcome.error().fault == Fault::timed_out) return std::pair(Outcome{.status = 1, .errors = "the remote did not answer in time"}, false);
  return std::move(outcome.error());
}

}  // namespace

std::string_view trouble_name(RemoteTrouble trouble) {
  switch (trouble) {
    case RemoteTrouble::none: return "none";
    case RemoteTrouble::moved: return "moved";
    case RemoteTrouble::offline: return "offline";
    case RemoteTrouble::refused_access: return "access";
    case RemoteTrouble::refused_hook: return "hook";
    case RemoteTrouble::refused_quota: return "quota";
    case RemoteTrouble::other: return "failed";
  }
  return "failed";
}

RemoteTrouble trouble_of(std::string_view text) {
  const auto words = lower(text);
  const auto says = [&](std::initializer_list<std::string_view> any) {
    return std::any_of(any.begin(), any.end(), [&](std::string_view each) { return words.find(each) != words.npos; });
  };
  if (says({"quota", "disk full", "no space left", "size limit", "exceeds"})) return RemoteTrouble::refused_quota;
  if (says({"authentication failed", "permission denied", "could not read username", "could not read password", "terminal prompts disabled", "access denied",
            "invalid username", "403", "401", "not authorized", "publickey", "protected branch",
            "unable to create temporary object directory", "insufficient permission"}))
    return RemoteTrouble::refused_access;
  if (says({"could not resolve", "unable to access", "connection refused", "connection reset", "connection timed out", "network is unreachable",
            "no route to host", "does not appear to be a git repository", "could not read from remote", "did not answer in time", "early eof", "hung up",
            "unable to connect", "not found"}))
    return RemoteTrouble::offline;
  if (says({"hook declined", "pre-receive", "remote rejected"})) return RemoteTrouble::refused_hook;
  return RemoteTrouble::none;
}

Result<RemoteAnswer> ask_remote(SyncStore& store, const std::string& url, const std::string& ref, const Patience& patience) {
  const auto [outcome, answered] = TRY(over_network(store, {"ls-remote", "--quiet", "--end-of-options", url, ref}, patience));
  if (outcome.status != 0) return failed(outcome);
  RemoteAnswer answer;
  for (const auto line : split(outcome.output, "\n"))
    if (line.ends_with("\t" + ref)) answer.oid = line.substr(0, line.find('\t'));
  return answer;
}

Result<RemoteAnswer> fetch_remote(SyncStore& store, const std::string& url, const std::string& ref, const std::string& into, const Patience& patience) {
  std::vector<std::string> arguments{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--end-of-options", url,
                                     cat("+", ref, ":", into)};
  const auto [outcome, answered] = TRY(over_network(store, std::move(arguments), patience));
  if (outcome.status != 0) return failed(outcome);
  return RemoteAnswer{.oid = TRY(resolve(store.git(), into, patience))};
}

Result<RemoteAnswer> push_remote(SyncStore& store, const std::string& url, const std::string& commit, const std::string& ref, const Patience& patience,
                                 const std::string& expected, std::function<void()> meanwhile) {
  std::vector<std::string> arguments{"push", "--porcelain", "--no-verify", "--no-follow-tags"};
  // Nothing is forced by it: what follows upon what is there only goes forward.
  if (!expected.empty()) arguments.push_back(cat("--force-with-lease=", ref, ":", expected));
  arguments.insert(arguments.end(), {"--end-of-options", url, cat(commit, ":", ref)});
  const auto [outcome, answered] = TRY(over_network(store, std::move(arguments), patience, std::move(meanwhile)));
  if (outcome.status == 0) return RemoteAnswer{.oid = commit};
  const auto said = lower(cat(outcome.output, outcome.errors));
  for (std::string_view race : {"fetch first", "non-fast-forward", "incorrect old value", "cannot lock ref", "reference already exists", "failed to update ref", "stale info"})
    if (said.find(race) != said.npos) return RemoteAnswer{RemoteTrouble::moved, git_words(outcome), {}};
  auto answer = failed(outcome);
  for (const auto line : split(outcome.output, "\n"))
    if (line.starts_with("!")) answer.words = cat(printable(line.substr(line.rfind('\t') + 1)), ": ", answer.words), answer.trouble = answer.trouble == RemoteTrouble::other ? RemoteTrouble::refused_hook : answer.trouble;
  if (const auto by_line = trouble_of(outcome.output); by_line != RemoteTrouble::none) answer.trouble = by_line;
  return answer;
}

}  // namespace kra
