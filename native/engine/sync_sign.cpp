#include "engine/sync_sign.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/sync_user.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

constexpr Milliseconds sign_patience{10'000};

struct Parts {
  std::string tree, message;
  std::vector<std::string> parents;
  std::string author, committer;  // "Name <mail> 1700000000 +0000"
};

Parts parts_of(const std::string& text) {
  Parts parts;
  const auto blank = text.find("\n\n");
  parts.message = blank == text.npos ? "" : text.substr(blank + 2);
  for (const auto line : split(std::string_view(text).substr(0, blank), "\n")) {
    const auto space = std::min(line.find(' '), line.size());
    const auto name = line.substr(0, space), value = line.substr(std::min(space + 1, line.size()));
    if (name == "tree") parts.tree = value;
    if (name == "parent") parts.parents.emplace_back(value);
    if (name == "author") parts.author = value;
    if (name == "committer") parts.committer = value;
  }
  return parts;
}

void add_person(std::vector<std::string>& environment, const char* role, const std::string& person) {
  const auto open = person.find(" <"), close = person.find("> ");
  if (open == person.npos || close == person.npos) return;
  environment.push_back(cat("GIT_", role, "_NAME=", person.substr(0, open)));
  environment.push_back(cat("GIT_", role, "_EMAIL=", person.substr(open + 2, close - open - 2)));
  environment.push_back(cat("GIT_", role, "_DATE=", person.substr(close + 2)));
}

std::string in_shell(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// gpg with a passphrase that its agent knows, or not at all.
Result<std::string> quiet_program(SyncStore& store) {
  auto program = user_git_setting(store.disk(), "gpg.openpgp.program");
  if (program.empty()) program = user_git_setting(store.disk(), "gpg.program");
  if (program.empty()) program = "gpg";
  const auto file = store.file("sign");
  TRY(store.disk().replace(file, cat("#!/bin/sh\nexec ", in_shell(program), " --batch --pinentry-mode error \"$@\"\n")));
  if (::chmod(file.c_str(), 0700) != 0) return Error{Fault::io, cat(file, " cannot be made a program")};
  return file;
}

}  // namespace

bool wants_signature(Disk& disk, const RepositoryPlace& place, const Settings::Sync& settings) {
  if (settings.sign != "inherit") return settings.sign == "require";
  const auto own = git_setting(place.config, "commit.gpgsign");
  return is_true_setting(own.empty() ? user_git_setting(disk, "commit.gpgsign") : own);
}

Result<std::string> signed_commit(SyncStore& store, const std::string& commit, const Patience& patience) {
  const auto parts = parts_of(TRY(store.git().ask({.arguments = {"cat-file", "commit", commit}}, patience)));
  const auto program = TRY(quiet_program(store));
  auto key = git_setting(store.place().config, "user.signingkey");
  GitCall call{.arguments = {"-c", cat("gpg.program=", program), "-c", cat("gpg.openpgp.program=", program)}, .input = parts.message, .network = true};
  if (!key.empty()) call.arguments.insert(call.arguments.end(), {"-c", cat("user.signingKey=", key)});
  if (auto format = git_setting(store.place().config, "gpg.format"); !format.empty()) call.arguments.insert(call.arguments.end(), {"-c", cat("gpg.format=", format)});
  call.arguments.insert(call.arguments.end(), {"commit-tree", "-S", parts.tree, "-F", "-"});
  for (const auto& parent : parts.parents) call.arguments.insert(call.arguments.end(), {"-p", parent});
  call.environment = {"GPG_TTY=", "SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force"};
  add_person(call.environment, "AUTHOR", parts.author), add_person(call.environment, "COMMITTER", parts.committer);
  const auto outcome = store.git().run(std::move(call), {std::min(patience.until, Clock::now() + sign_patience), patience.stop});
  if (!outcome) return Error{Fault::refused, outcome.error().fault == Fault::timed_out ? "signing took too long" : outcome.error().what};
  if (outcome->status != 0) return Error{Fault::refused, git_words(*outcome)};
  return outcome->output.substr(0, outcome->output.find('\n'));
}

}  // namespace kra
