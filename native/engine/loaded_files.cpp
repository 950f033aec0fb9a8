#include "engine/loaded_files.hpp"

#include <algorithm>
#include <set>

namespace kra {

bool LoadedFiles::hold(const std::string& path, const std::string& root, std::uint64_t client, const std::string& named, const std::string& has) {
  auto [at, is_new] = files_.try_emplace(path);
  at->second.root = root;
  at->second.holders[client] = {.path = named, .has = has};
  return is_new;
}

std::vector<LoadedFiles::Unloaded> LoadedFiles::release(std::uint64_t client, const std::string& named) {
  std::vector<Unloaded> unloaded;
  for (auto at = files_.begin(); at != files_.end();) {
    auto holder = at->second.holders.find(client);
    bool his = holder != at->second.holders.end() && holder->second.path == named;
    if (his) at->second.holders.erase(holder);
    if (!his || !at->second.holders.empty()) {
      ++at;
      continue;
    }
    unloaded.push_back({at->first, at->second.root});
    at = files_.erase(at);
  }
  return unloaded;
}

std::vector<LoadedFiles::Unloaded> LoadedFiles::release_all(std::uint64_t client) {
  std::vector<Unloaded> unloaded;
  for (auto at = files_.begin(); at != files_.end();) {
    if (at->second.holders.erase(client) == 0 || !at->second.holders.empty()) {
      ++at;
      continue;
    }
    unloaded.push_back({at->first, at->second.root});
    at = files_.erase(at);
  }
  return unloaded;
}

void LoadedFiles::rename(const std::string& from, const std::string& to) {
  auto old = files_.extract(from);
  if (old.empty()) return;
  for (auto& [client, holder] : old.mapped().holders) holder.path = to;
  auto there = files_.find(to);
  if (there == files_.end()) {
    old.key() = to;
    files_.insert(std::move(old));
    return;
  }
  there->second.seq = std::max(there->second.seq, old.mapped().seq);
  there->second.holders.merge(old.mapped().holders);
}

LoadedFile* LoadedFiles::find(const std::string& path) {
  auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

const LoadedFile* LoadedFiles::find(const std::string& path) const {
  auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

std::vector<std::uint64_t> LoadedFiles::clients_of(const std::string& root) const {
  std::set<std::uint64_t> clients;
  for (const auto& [path, file] : files_)
    if (file.root == root)
      for (const auto& [client, holder] : file.holders) clients.insert(client);
  return {clients.begin(), clients.end()};
}

std::size_t LoadedFiles::count_of(std::uint64_t client) const {
  return static_cast<std::size_t>(std::count_if(files_.begin(), files_.end(), [&](const auto& each) { return each.second.holders.count(client) > 0; }));
}

}  // namespace kra
