// A repository in a scratch directory, with its own HOME. Without a word about the framework of the tests: for benches too.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "base/text.hpp"
#include "engine/snapshot.hpp"
#include "os/command.hpp"
#include "tests/native/scratch.hpp"

namespace kra {

inline Patience git_patience() { return Patience::of(Milliseconds(60'000)); }

struct GitScratch {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "runtime", scratch / "config"};
  std::string root = scratch / "tree";

  GitScratch() {
    std::filesystem::create_directory(root);
    git({"init", "-q", "-b", "main"});
    git({"config", "user.name", "A"}), git({"config", "user.email", "a@a"});
  }
  // Its output; the status does not count.
  std::string git(std::vector<std::string> words, const std::string& in = {}) const {
    words.insert(words.begin(), "git");
    auto outcome = run({.argv = words,
                        .environment = {"HOME=" + scratch.path(), "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000"},
                        .unset = {"XDG_CONFIG_HOME"},
                        .directory = in.empty() ? root : in},
                       git_patience());
    return outcome ? outcome->output : "";
  }
  std::string at(const std::string& path) const { return cat(root, "/", path); }
  void write(const std::string& path, const std::string& bytes) const {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(at(path)).parent_path(), ignored);
    std::ofstream(at(path), std::ios::binary) << bytes;
  }
  std::string read(const std::string& path) const {
    std::ostringstream text;
    text << std::ifstream(at(path), std::ios::binary).rdbuf();
    return text.str();
  }
  bool has(const std::string& path) const { return std::filesystem::exists(std::filesystem::symlink_status(at(path))); }
  // Also where there is none, or a file in the way of it.
  void remove(const std::string& path) const {
    std::error_code ignored;
    std::filesystem::remove_all(at(path), ignored);
  }
  void commit(const std::string& message = "c") const { git({"add", "-A"}), git({"commit", "-q", "--allow-empty", "-m", message}); }

  // Everything that a rollback promises, by path: type, permissions, bytes; then what git says of index and HEAD.
  std::map<std::string, std::string> manifest(bool with_git = true) const {
    namespace fs = std::filesystem;
    std::map<std::string, std::string> found;
    for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
      const auto path = it->path().lexically_relative(root).string();
      if (path == ".git") {
        it.disable_recursion_pending();
        continue;
      }
      struct stat info;
      ::lstat(it->path().c_str(), &info);
      std::string what = cat(static_cast<unsigned>(info.st_mode));
      if (S_ISLNK(info.st_mode)) what += " -> " + fs::read_symlink(it->path()).string();
      else if (S_ISREG(info.st_mode)) what += " " + read(path);
      found[path] = what;
    }
    if (!with_git) return found;
    found["index"] = git({"ls-files", "-s", "-v", "-t"});
    found["status"] = git({"status", "--porcelain=v2", "--branch", "--ignored", "-uall"});
    found["HEAD"] = git({"rev-parse", "HEAD"}) + git({"symbolic-ref", "-q", "HEAD"});
    return found;
  }
};

inline std::string difference(const std::map<std::string, std::string>& left, const std::map<std::string, std::string>& right) {
  std::string text;
  for (const auto& [path, what] : left)
    if (const auto other = right.find(path); other == right.end()) text += cat("only before: ", path, "\n");
    else if (other->second != what) text += cat(path, ": ", what, "\n    now: ", other->second, "\n");
  for (const auto& [path, what] : right)
    if (!left.contains(path)) text += cat("only after: ", path, " ", what, "\n");
  return text;
}

}  // namespace kra
