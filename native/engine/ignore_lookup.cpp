#include "engine/ignore_lookup.hpp"

#include "base/text.hpp"

namespace kra {

static constexpr std::uint64_t ignore_file_limit = 4U << 20;

IgnoreRules IgnoreLookup::entered(const IgnoreRules& above, const std::string& directory) const {
  const auto text = store_.disk().read(cat(store_.place().root, "/", directory, directory.empty() ? "" : "/", ".gitignore"), ignore_file_limit);
  return text ? above.entered(directory, *text) : above;
}

const IgnoreLookup::Inside& IgnoreLookup::inside(const std::string& directory, std::map<std::string, std::string>& nested) {
  if (const auto known = known_.find(directory); known != known_.end()) return known->second;
  if (directory.empty()) return known_[directory] = {false, entered(IgnoreRules().entered("", store_.excludes()), directory)};
  const auto slash = directory.rfind('/');
  const auto& above = inside(slash == std::string::npos ? "" : directory.substr(0, slash), nested);
  if (above.ignored || above.rules.ignores(directory, true) || directory == ".kra") return known_[directory] = {true, {}};
  WorkTree other;
  if (!has_files(directory) && is_work_tree(store_.disk(), cat(store_.place().root, "/", directory), other)) {
    // One that the index names is no secret.
    if (!index_.contains(directory)) nested.emplace(directory, "nested");
    return known_[directory] = {true, {}};
  }
  return known_[directory] = {false, entered(above.rules, directory)};
}

bool IgnoreLookup::has_files(const std::string& directory) const {
  const auto prefix = directory + "/";
  const auto at = index_.lower_bound(prefix);
  return at != index_.end() && at->first.starts_with(prefix);
}

bool IgnoreLookup::ignored(const std::string& path, bool directory, std::map<std::string, std::string>& nested) {
  if (path == ".git" || path.starts_with(".git/")) return true;
  // What has one of its own may have become another repository.
  if (const auto at = cat(path, "/").find("/.git/"); at != path.npos) return inside(path.substr(0, at), nested), true;
  if (directory) return inside(path, nested).ignored;
  const auto slash = path.rfind('/');
  const auto& above = inside(slash == std::string::npos ? "" : path.substr(0, slash), nested);
  return above.ignored || above.rules.ignores(path, false);
}

}  // namespace kra
