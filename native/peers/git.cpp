#include "peers/git.hpp"

#include "base/text.hpp"

namespace kra {
namespace {

constexpr std::uint64_t small = 64U << 10;
constexpr std::uint64_t config_limit = 1U << 20;

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find_first_of("\r\n"))); }

std::string resolved(const std::string& directory, const std::string& path) { return path.starts_with('/') ? path : cat(directory, "/", path); }

std::string parent_of(const std::string& directory) {
  const auto slash = directory.rfind('/');
  return slash == std::string::npos || directory == "/" ? "" : slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

const std::vector<Repository>& Repositories::of(const std::string& directory) {
  if (const auto found = known_.find(directory); found != known_.end()) return found->second;
  std::vector<Repository> result;
  if (directory.starts_with('/')) result = look(directory);
  if (const auto above = parent_of(directory); result.empty() && !above.empty()) result = of(above);
  return known_[directory] = std::move(result);
}

std::vector<Repository> Repositories::look(const std::string& directory) {
  const auto entry = cat(directory == "/" ? "" : directory, "/.git");
  // One call tells of most directories that there is nothing: a file named .git answers it with another error.
  auto head = disk_.read(entry + "/HEAD", small);
  if (head) return describe(directory, entry, *head);
  if (head.error().fault == Fault::not_found) {
    // Some systems say so of a file in place of the directory, too.
    const auto info = disk_.info(entry);
    if (!info || info->directory) return {};
  }
  const auto link = disk_.read(entry, small);
  constexpr std::string_view prefix = "gitdir: ";
  if (!link || !link->starts_with(prefix)) return {};
  const auto git_directory = resolved(directory, first_line(std::string_view(*link).substr(prefix.size())));
  head = disk_.read(git_directory + "/HEAD", small);
  if (!head) return {};
  return describe(directory, git_directory, *head);
}

std::vector<Repository> Repositories::describe(const std::string& root, const std::string& git_directory, const std::string& head) {
  Repository repository{.root = root};
  constexpr std::string_view branch_prefix = "ref: refs/heads/";
  if (head.starts_with(branch_prefix)) repository.branch = first_line(std::string_view(head).substr(branch_prefix.size()));
  // What stands in HEAD of a repository that keeps its references elsewhere.
  if (repository.branch == ".invalid") repository.branch.clear();
  auto common = git_directory;
  if (auto other = disk_.read(git_directory + "/commondir", small)) common = resolved(git_directory, first_line(*other));
  const auto config = disk_.read(common + "/config", config_limit);
  if (!config) return {repository};
  auto remote = repository.branch.empty() ? "" : git_setting(*config, cat("branch.", repository.branch, ".remote"));
  auto url = remote.empty() ? "" : git_setting(*config, cat("remote.", remote, ".url"));
  if (url.empty()) url = git_setting(*config, "remote.origin.url");
  repository.remote = without_credentials(url);
  return {repository};
}

}  // namespace kra
