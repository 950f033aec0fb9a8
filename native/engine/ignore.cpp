#include "engine/ignore.hpp"

#include <strings.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "os/paths.hpp"
#include "peers/git.hpp"

namespace kra {

namespace {

constexpr std::uint64_t small = 64U << 10;
constexpr std::uint64_t patterns_limit = 4U << 20;
constexpr std::uint64_t config_limit_of_git = 1U << 20;

bool begins(std::string_view text, std::string_view front, bool fold) {
  return text.size() >= front.size() && (fold ? ::strncasecmp(text.data(), front.data(), front.size()) == 0 : text.starts_with(front));
}

// Spaces at the end do not count, unless the last of them stands after a backslash.
std::string_view without_trailing_spaces(std::string_view line) {
  std::size_t solid = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == ' ') continue;
    if (line[at] == '\\' && at + 1 < line.size()) ++at;
    solid = at + 1;
  }
  return line.substr(0, solid);
}

std::string parent_of(const std::string& directory) {
  auto slash = directory.rfind('/');
  return slash == std::string::npos || directory == "/" ? "" : slash == 0 ? "/" : directory.substr(0, slash);
}

// "/a/b" seen from "/a" is "b".
std::string_view below(const std::string& root, std::string_view path) { return path.substr(std::min(root == "/" ? 1 : root.size() + 1, path.size())); }

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find_first_of("\r\n"))); }

std::string text_of(Disk& disk, const std::string& path, std::uint64_t limit) {
  auto text = disk.read(path, limit);
  return text ? std::move(*text) : "";
}

std::string home() {
  const char* value = std::getenv("HOME");
  return value ? value : "";
}

std::string config_home() {
  const char* value = std::getenv("XDG_CONFIG_HOME");
  return value && *value ? value : home() + "/.config";
}

// The last one that says it wins: the repository's, ~/.gitconfig, the one in XDG_CONFIG_HOME.
std::string configured(Disk& disk, const std::string& common_directory, std::string_view name) {
  for (const auto& file : {common_directory + "/config", home() + "/.gitconfig", config_home() + "/git/config"})
    if (auto value = git_setting(text_of(disk, followed(file), config_limit_of_git), name); !value.empty()) return value;
  return "";
}

}  // namespace

IgnorePatterns::IgnorePatterns(std::string_view text, std::string base, bool fold_case) : base_(std::move(base)), fold_case_(fold_case) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == text.npos ? "" : text.substr(end + 1);
    if (line.ends_with('\r') && end != text.npos) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    line = without_trailing_spaces(line);
    Pattern pattern;
    if (line.starts_with('!')) {
      pattern.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      pattern.only_directories = true;
      line.remove_suffix(1);
    }
    if (line.empty()) continue;
    pattern.name_only = line.find('/') == line.npos;
    if (!pattern.name_only && line.starts_with('/')) line.remove_prefix(1);
    pattern.text = line;
    pattern.literal = std::min(line.find_first_of("*?[\\"), line.size());
    patterns_.push_back(std::move(pattern));
  }
}

bool IgnorePatterns::matches(const Pattern& pattern, std::string_view tail, std::string_view name) const {
  auto text = pattern.name_only ? name : tail;
  std::string_view glob = pattern.text;
  if (!begins(text, glob.substr(0, pattern.literal), fold_case_)) return false;
  if (pattern.literal == glob.size()) return text.size() == glob.size();
  // git cuts the literal front off, so that what is left of `a**/b` begins with the stars.
  if (pattern.name_only) return glob_matches(glob, text, fold_case_);
  return glob_matches(glob.substr(pattern.literal), text.substr(pattern.literal), fold_case_);
}

IgnorePatterns::Verdict IgnorePatterns::of(std::string_view path, bool directory) const {
  if (!path.starts_with(base_)) return Verdict::none;
  auto tail = path.substr(base_.size());
  auto name = tail.substr(tail.rfind('/') + 1);
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->only_directories && !directory) continue;
    if (matches(*pattern, tail, name)) return pattern->negated ? Verdict::kept : Verdict::ignored;
  }
  return Verdict::none;
}

IgnoreRules IgnoreRules::of_work_tree(Disk& disk, const std::string& root, const std::string& common_directory) {
  IgnoreRules rules;
  rules.fold_case_ = configured(disk, common_directory, "core.ignorecase") == "true";
  auto excludes = configured(disk, common_directory, "core.excludesfile");
  if (excludes.empty()) excludes = config_home() + "/git/ignore";
  if (excludes.starts_with("~/")) excludes = home() + excludes.substr(1);
  if (!excludes.starts_with('/')) excludes = cat(root, "/", excludes);
  for (const auto& file : {excludes, common_directory + "/info/exclude"})
    rules = rules.entered("", text_of(disk, followed(file), patterns_limit));
  return rules;
}

IgnoreRules IgnoreRules::entered(std::string_view directory, std::string_view gitignore) const {
  IgnorePatterns patterns(gitignore, directory.empty() ? "" : cat(directory, "/"), fold_case_);
  if (patterns.empty()) return *this;
  auto inner = *this;
  inner.innermost_ = std::make_shared<const Level>(Level{innermost_, std::move(patterns)});
  return inner;
}

bool IgnoreRules::ignores(std::string_view path, bool directory) const {
  for (const auto* level = innermost_.get(); level; level = level->above.get())
    if (auto verdict = level->patterns.of(path, directory); verdict != IgnorePatterns::Verdict::none)
      return verdict == IgnorePatterns::Verdict::ignored;
  return false;
}

bool is_work_tree(Disk& disk, const std::string& directory, WorkTree& found) {
  auto entry = cat(directory == "/" ? "" : directory, "/.git");
  auto info = disk.info(entry);
  if (!info) return false;
  auto git_directory = entry;
  if (!info->directory) {
    auto link = text_of(disk, entry, small);
    constexpr std::string_view prefix = "gitdir: ";
    if (!link.starts_with(prefix)) return false;
    git_directory = first_line(std::string_view(link).substr(prefix.size()));
    if (!git_directory.starts_with('/')) git_directory = cat(directory, "/", git_directory);
  }
  if (!disk.info(git_directory + "/HEAD")) return false;
  auto common = first_line(text_of(disk, git_directory + "/commondir", small));
  if (!common.empty() && !common.starts_with('/')) common = cat(git_directory, "/", common);
  found = {directory, git_directory, common.empty() ? git_directory : common};
  return true;
}

WorkTree work_tree_of(Disk& disk, std::string directory) {
  WorkTree found;
  for (; !directory.empty(); directory = parent_of(directory))
    if (is_work_tree(disk, directory, found)) return found;
  return {};
}

IgnoreRules ignore_rules_of(Disk& disk, const WorkTree& tree, const std::string& directory) {
  if (directory == tree.root)
    return IgnoreRules::of_work_tree(disk, tree.root, tree.common_directory).entered("", text_of(disk, directory + "/.gitignore", patterns_limit));
  auto rules = ignore_rules_of(disk, tree, parent_of(directory));
  return rules.entered(below(tree.root, directory), text_of(disk, directory + "/.gitignore", patterns_limit));
}

bool is_ignored(Disk& disk, const WorkTree& tree, const std::string& path, bool directory) {
  if (path == tree.root) return false;
  auto parent = parent_of(path);
  if (parent != tree.root && is_ignored(disk, tree, parent, true)) return true;
  return ignore_rules_of(disk, tree, parent).ignores(below(tree.root, path), directory);
}

}  // namespace kra
