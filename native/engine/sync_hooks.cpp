#include "engine/sync_hooks.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "engine/sync_user.hpp"
#include "os/command.hpp"
#include "os/process.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

constexpr std::array<std::string_view, 3> known = {"pre-push", "pre-commit", "commit-msg"};
constexpr std::uint64_t hook_limit = 16U << 20;

std::string hook_file(Disk& disk, const RepositoryPlace& place, std::string_view name) {
  auto directory = git_setting(place.config, "core.hookspath");
  if (directory.empty()) directory = user_git_setting(disk, "core.hookspath");
  if (directory.empty()) directory = place.common + "/hooks";
  if (directory.starts_with("~/")) directory = user_home() + directory.substr(1);
  if (!directory.starts_with('/')) directory = cat(place.root, "/", directory);
  return cat(directory, "/", name);
}

// Nothing when there is no such hook.
Result<void> run_hook(SyncStore& store, std::string_view name, std::vector<std::string> arguments, std::string input, const std::string& index, const Settings::Sync& settings,
                      const Patience& patience) {
  const auto& place = store.place();
  const auto file = hook_file(store.disk(), place, name);
  if (::access(file.c_str(), X_OK) != 0) return {};
  Command command{.argv = {file}, .environment = {"GIT_DIR=" + place.git, "GIT_WORK_TREE=" + place.root, "GIT_INDEX_FILE=" + index, "GIT_EDITOR=:", "GIT_TERMINAL_PROMPT=0"},
                  .unset = {"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR"}, .directory = place.root, .input = std::move(input)};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  const auto outcome = run(command, {std::min(patience.until, Clock::now() + settings.hook_timeout), patience.stop});
  if (!outcome && outcome.error().fault == Fault::timed_out) return Error{Fault::refused, cat("the hook ", name, " did not end in ", duration_text(settings.hook_timeout.count()))};
  if (!outcome) return Error{Fault::refused, cat("the hook ", name, " cannot run: ", outcome.error().what)};
  if (outcome->status == 0) return {};
  return Error{Fault::refused, cat("the hook ", name, " refused it: ", outcome->errors.empty() ? git_words({.status = outcome->status, .output = {}, .errors = outcome->output}) : git_words(*outcome))};
}

}  // namespace

std::uint64_t hooks_fingerprint(Disk& disk, const RepositoryPlace& place) {
  std::string all;
  for (const auto name : known) {
    const auto file = hook_file(disk, place, name);
    if (::access(file.c_str(), X_OK) != 0) continue;
    all += cat(file, "\n", disk.read(followed(file), hook_limit).value_or("unreadable"), "\n");
  }
  return all.empty() ? 0 : hash64(all) >> 1;
}

bool has_pre_push(SyncStore& store, const Settings::Sync& settings) {
  return settings.hooks != "none" && ::access(hook_file(store.disk(), store.place(), "pre-push").c_str(), X_OK) == 0;
}

Result<void> run_pre_push(SyncStore& store, const SyncRecord& record, const std::string& commit, const std::string& remote, const Settings::Sync& settings, const Patience& patience) {
  if (settings.hooks == "none") return {};
  const auto ref = "refs/heads/" + record.branch, none = std::string(store.place().sha256 ? 64 : 40, '0');
  return run_hook(store, "pre-push", {record.remote, record.url}, cat(ref, " ", commit, " ", ref, " ", remote.empty() ? none : remote, "\n"), store.file("hook-index"), settings, patience);
}

Result<std::string> run_commit_hooks(SyncStore& store, const std::string& commit, const std::string& message, const Settings::Sync& settings, const Patience& patience) {
  if (settings.hooks != "full") return message;
  const auto index = store.file("hook-index"), file = store.file("hook-message");
  TRY(store.disk().remove(index));
  TRY(Git(store.place().common).ask({.arguments = {"read-tree", commit}, .environment = {"GIT_INDEX_FILE=" + index}}, patience));
  TRY(run_hook(store, "pre-commit", {}, {}, index, settings, patience));
  TRY(store.disk().replace(file, message));
  TRY(run_hook(store, "commit-msg", {file}, {}, index, settings, patience));
  auto said = TRY(store.disk().read(file, 1U << 20));
  if (said.find_first_not_of(" \t\n") == said.npos) return Error{Fault::refused, "the hook commit-msg left no message"};
  return said;
}

}  // namespace kra
