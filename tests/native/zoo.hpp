// A repository brought into states that real ones get into: the user's own git and his programs, with a seed.
#pragma once

#include "tests/native/git_scratch.hpp"

namespace kra {

class Zoo {
 public:
  Zoo(GitScratch& world, std::uint32_t seed) : world_(world), random_(seed) {}

  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint32_t>(limit)); }
  std::string name() {
    static const char* names[] = {"a", "b", "dir/c", "dir/deep/d", "with space", "n\xc3\xa4me", "x.txt", "line\nbreak", "\"quote", "dir/e.txt", "new/f", "g"};
    return names[below(12)];
  }
  std::string bytes() {
    static const char* texts[] = {"", "one\n", "one\r\ntwo\n", "no end", "\r\n\r\n", "binary \x01\x02"};
    return std::string(texts[below(6)]) + (below(2) ? cat(below(50), "\n") : "");
  }
  // What git ignores stays the same.
  void steady_rules(bool steady) { steady_ = steady; }
  void mutate() {
    const auto path = name();
    switch (below(19)) {
      case 0:
      case 1: file(path); break;
      case 2: world_.remove(path); break;
      case 3: {
        static const unsigned modes[] = {0755, 0644, 0600, 0640, 0700};
        if (world_.has(path) && !std::filesystem::is_symlink(world_.at(path))) ::chmod(world_.at(path).c_str(), modes[below(5)]);
        break;
      }
      case 4: {
        static const char* targets[] = {"a", "nowhere", "dir", "../outside"};
        world_.remove(path), parents(path), ::symlink(targets[below(4)], world_.at(path).c_str());
        break;
      }
      case 5: world_.git({"add", "-A"}); break;
      case 6: world_.git({"add", "--", path}); break;
      case 7: std::filesystem::create_directories(world_.at(cat("empty", below(3), "/inner"))); break;
      case 8: world_.write(cat("skip", below(3), ".o"), bytes()); break;
      case 9: world_.git({"update-index", below(2) ? "--assume-unchanged" : "--no-assume-unchanged", "--", path}); break;
      case 10: world_.git({"update-index", "--skip-worktree", "--", path}); break;
      case 11: world_.git({"rm", "-q", "--cached", "--", path}); break;
      case 12: world_.git({"mv", "--", path, name()}); break;
      case 13: world_.git({"commit", "-q", "-m", "c"}); break;
      case 14: file(path), world_.git({"add", "-N", "--", path}); break;
      case 15: world_.remove(path), world_.write(path + "/below", bytes()); break;
      case 16: if (!steady_) world_.write(".gitignore", below(2) ? "*.o\n" : "*.o\n*.txt\n"); break;
      case 17: world_.write(".gitattributes", below(2) ? "* text=auto\n" : "*.txt ident eol=crlf\n"); break;
      // Bytes that only the index has.
      case 18: file(path), world_.git({"add", "--", path}), file(path); break;
    }
  }
  // Or a rebase that stopped.
  void merge(bool rebase = false) {
    world_.write("both", "base\n"), world_.commit();
    world_.git({"checkout", "-qb", cat("side", below(1000))}), world_.write("both", "side\n"), world_.commit();
    world_.git({"checkout", "-q", "main"}), world_.write("both", "main\n"), world_.commit();
    if (rebase) world_.git({"rebase", "-q", "@{-1}"});
    else world_.git({"merge", "-q", "@{-1}"});
  }
  // Whether the user's gc was part of it.
  bool damage() {
    for (int n = below(8); n >= 0; --n) mutate();
    if (below(3) == 0) world_.git({"reset", "-q", "--hard"}), world_.git({"clean", "-qfd"});
    if (below(3) == 0) world_.git({"checkout", "-q", "-f", "-B", "elsewhere", "HEAD~1"});
    if (below(2) != 0) return false;
    world_.git({"reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"}), world_.git({"gc", "-q", "--prune=now"});
    return true;
  }

 private:
  void parents(const std::string& path) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(world_.at(path)).parent_path(), ignored);
  }
  void file(const std::string& path) {
    if (std::filesystem::is_directory(std::filesystem::symlink_status(world_.at(path)))) world_.remove(path);
    world_.write(path, bytes());
  }
  GitScratch& world_;
  std::mt19937 random_;
  bool steady_ = false;
};

}  // namespace kra
