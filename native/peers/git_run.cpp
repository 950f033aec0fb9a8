#include "peers/git_run.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

extern char** environ;

namespace kra {
namespace {

// Hooks and fsmonitor run even from plumbing (update-ref, update-index, read-tree); the rest keeps git from starting work of its own, from
// following what a tree claims, and makes what it wrote outlive a power cut.
constexpr std::array settings = {
    "core.hooksPath=/dev/null",     "core.fsmonitor=false",         "core.untrackedCache=false",  "core.protectHFS=true",
    "core.protectNTFS=true",        "core.symlinks=true",           "core.fileMode=true",         "core.quotePath=false",
    "core.precomposeUnicode=false", "core.fsync=all",               "gc.auto=0",                  "maintenance.auto=false",
    "protocol.ext.allow=never",     "protocol.file.allow=always",   "submodule.recurse=false",    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false", "merge.directoryRenames=false", "merge.renames=false",        "diff.renames=false",
    "advice.detachedHead=false",    "push.recurseSubmodules=no",    "push.gpgSign=false",         "commit.gpgSign=false",
    "core.logAllRefUpdates=false",  "core.pager=cat",               "transfer.fsckObjects=true",  "fetch.fsck.zeroPaddedFilemode=ignore",
    // A pack is synced once, loose objects one by one.
    "fastimport.unpackLimit=0",     "fetch.unpackLimit=1",
};

// git itself ends with 129 at most; above it is a signal and 128.
constexpr int killed_status = 130;

// Kept for the network: how the user reaches the remote.
constexpr std::array kept_names = {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_PROXY_COMMAND"};

std::vector<std::string> foreign_names(bool network) {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool kept = network && std::find(kept_names.begin(), kept_names.end(), name) != kept_names.end();
    if (name.starts_with("GIT_") && !kept) names.emplace_back(name);
  }
  return names;
}

}  // namespace

GitFrame git_frame(bool network) {
  GitFrame frame{.argv = {"git"}, .environment = {}, .unset = foreign_names(network)};
  for (const char* setting : settings) frame.argv.insert(frame.argv.end(), {"-c", setting});
  frame.environment = {"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C"};
  if (!network)
    for (const char* own : {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1"}) frame.environment.emplace_back(own);
  return frame;
}

Command Git::command(GitCall call) const {
  auto frame = git_frame(call.network);
  Command command{.argv = std::move(frame.argv),
                  .environment = std::move(frame.environment),
                  .unset = std::move(frame.unset),
                  .directory = work_tree_,
                  .input = std::move(call.input),
                  .output_limit = call.output_limit,
                  .guard = guard_};
  command.argv.push_back(cat("--git-dir=", directory_));
  if (!work_tree_.empty()) command.argv.push_back(cat("--work-tree=", work_tree_));
  for (auto& argument : call.arguments) command.argv.push_back(std::move(argument));
  for (auto& variable : call.environment) command.environment.push_back(std::move(variable));
  return command;
}

Result<Outcome> Git::run(GitCall call, const Patience& patience) const {
  const auto subcommand = call.arguments.front();
  const auto meanwhile = std::move(call.meanwhile);
  auto outcome = kra::run(command(std::move(call)), patience, meanwhile);
  // One that was killed has not said no.
  if (outcome && outcome->status >= killed_status) return Error{Fault::io, cat("git ", subcommand, " was killed (signal ", outcome->status - 128, ")")};
  return outcome;
}

Result<std::string> Git::ask(GitCall call, const Patience& patience) const {
  const auto subcommand = call.arguments.front();
  auto outcome = TRY(run(std::move(call), patience));
  if (outcome.status == 0) return std::move(outcome.output);
  return Error{Fault::io, cat("git ", subcommand, ": ", git_words(outcome))};
}

std::string git_words(const Outcome& outcome) {
  std::string found;
  for (auto line : split(outcome.errors, "\n")) {
    for (std::string_view prefix : {"fatal: ", "error: ", "remote: ", "warning: ", "hint: "})
      if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    // Said after the reason.
    if (line.starts_with("Could not read from remote repository") && !found.empty()) continue;
    if (!line.empty() && (found.empty() || outcome.errors.find(cat("fatal: ", line)) != std::string::npos)) found = line;
  }
  return found.empty() ? cat("ended with status ", outcome.status) : printable(found);
}

Result<std::vector<int>> git_version(const Patience& patience) {
  auto outcome = kra::run({.argv = {"git", "version"}}, patience);
  if (!outcome) return Error{Fault::unavailable, "git is not installed"};
  std::vector<int> numbers;
  for (const auto part : split(std::string_view(outcome->output).substr(std::min<std::size_t>(outcome->output.size(), 12)), "."))
    if (auto number = parse_int(part.substr(0, part.find_first_not_of("0123456789")))) numbers.push_back(static_cast<int>(*number));
  if (numbers.size() < 2 || std::pair(numbers[0], numbers[1]) < std::pair(2, 38))
    return Error{Fault::unavailable, cat("git 2.38 or newer is needed, this is ", printable(outcome->output.substr(0, outcome->output.find('\n'))))};
  return numbers;
}

}  // namespace kra
