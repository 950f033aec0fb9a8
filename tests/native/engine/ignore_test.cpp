// git's ignore rules, beside git itself.
#include "engine/ignore.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "os/command.hpp"

using namespace kra;
namespace fs = std::filesystem;

namespace {

void put(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// A repository with a HOME of its own, whose git and whose rules of ours read the same files.
class Repository {
 public:
  Repository() {
    ::setenv("HOME", (scratch_ / "home").c_str(), 1);
    ::unsetenv("XDG_CONFIG_HOME");
    fs::create_directories(scratch_ / "home");
    git({"init", "-q", root()});
  }
  ~Repository() { home_.empty() ? ::unsetenv("HOME") : ::setenv("HOME", home_.c_str(), 1); }
  std::string root() const { return scratch_ / "tree"; }
  std::string home() const { return scratch_ / "home"; }
  void file(const std::string& path, const std::string& text = "") { put(root() + "/" + path, text); }
  std::string git(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), "git");
    auto ran = run({.argv = words, .input = input}, Patience::of(Milliseconds(20'000)));
    REQUIRE(ran.ok());
    return ran->output;
  }

  std::size_t ignored() const { return ignored_; }
  // All that is there, without .git, and what is different between git's answer and ours.
  std::vector<std::string> differences() {
    std::vector<std::string> paths;
    std::string asked;
    for (auto at = fs::recursive_directory_iterator(root()); at != fs::recursive_directory_iterator(); ++at) {
      if (at->path().filename() == ".git") {
        at.disable_recursion_pending();
        continue;
      }
      paths.push_back(fs::relative(at->path(), root()).string());
      asked.append(paths.back()).push_back('\0');
    }
    std::set<std::string> ignored;
    auto said = git({"-C", root(), "check-ignore", "--no-index", "-z", "--stdin"}, asked);
    for (auto path : split(said, std::string_view("\0", 1))) ignored.insert(std::string(path));
    SystemDisk disk;
    auto tree = work_tree_of(disk, root());
    REQUIRE(tree.root == root());
    std::vector<std::string> wrong;
    for (const auto& path : paths) {
      auto whole = root() + "/" + path;
      if (is_ignored(disk, tree, whole, fs::is_directory(fs::symlink_status(whole))) != (ignored.count(path) > 0)) wrong.push_back(path);
    }
    ignored_ += ignored.size();
    return wrong;
  }

 private:
  Scratch scratch_;
  std::string home_ = std::getenv("HOME") ? std::getenv("HOME") : "";
  std::size_t ignored_ = 0;
};

}  // namespace

TEST_CASE("globs of git") {
  struct Row {
    const char *pattern, *text;
    bool matches;
  };
  const Row rows[] = {
      {"*.o", "a.o", true},        {"*.o", "a/b.o", false},      {"**/b", "b", true},       {"**/b", "x/y/b", true}, {"**/b", "xb", false},
      {"a/**", "a/x/y", true},     {"a/**", "a", false},         {"a/**/b", "a/b", true},   {"a/**/b", "a/x/y/b", true},
      {"a**b", "axxb", true},      {"a**b", "ax/xb", false},     {"[a-c]x", "bx", true},    {"[!a-c]x", "bx", false},
      {"[^a-c]x", "dx", true},     {"[]]", "]", true},           {"[a", "a", false},        {"a\\*", "a*", true},    {"a\\*", "ab", false},
      {"[[:digit:]]", "7", true},  {"[[:nothing:]]", "7", false}, {"?", "/", false},         {"[/]", "/", false},     {"[\\]]", "]", true},
      {"a\\", "a\\", false},       {"", "", true},               {"**", "a/b", true},       {"[--0]", ".", true},
  };
  for (const auto& row : rows) {
    INFO(row.pattern << " " << row.text);
    CHECK(glob_matches(row.pattern, row.text) == row.matches);
  }
  CHECK(glob_matches("A*[x-z]", "abY", true));
  // A pattern that makes simple matchers try for ever.
  CHECK_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(300, 'a')));
}

TEST_CASE("all sources of patterns in their order") {
  Repository tree;
  put(tree.home() + "/ignored-everywhere", "*.all\n!kept.all\n*.x\n");
  tree.git({"config", "--global", "core.excludesFile", "~/ignored-everywhere"});
  put(tree.root() + "/.git/info/exclude", "*.info\n!b.x\n");
  tree.file(".gitignore", "\xef\xbb\xbf*.bom\r\n# no pattern\n\\#hash\n\\!bang\nspace \nkept\\ \n/top\nbuild/\n!/deep/build/\n**/any/**/end\n");
  tree.file("deep/.gitignore", "*\n!*/\n!kept*\nlast/*\n");
  for (const char* name : {"a.all", "kept.all", "a.x", "b.x", "a.info", "a.bom", "#hash", "!bang", "space", "kept ", "top", "deep/top", "build/x", "deep/build/x",
                           "deep/build/kept", "deep/kept1", "deep/no", "deep/last/kept", "any/end", "x/any/y/z/end", "build2/x", "sub/build"})
    tree.file(name);
  CHECK(tree.differences() == std::vector<std::string>());
}

TEST_CASE("case is folded where the repository says so") {
  Repository tree;
  tree.git({"-C", tree.root(), "config", "core.ignoreCase", "true"});
  tree.file(".gitignore", "BUILD\n*.Log\n/Src/[A-C]*\n");
  for (const char* name : {"build/x", "a.log", "a.LOG", "src/b", "src/D", "SRC/a"}) tree.file(name);
  CHECK(tree.differences() == std::vector<std::string>());
}

TEST_CASE("random trees and patterns: what git says") {
  unsigned seed = std::random_device()();
  if (const char* given = std::getenv("KRA_SEED")) seed = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  INFO("KRA_SEED=" << seed);
  std::mt19937 random(seed);
  auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  const std::vector<std::string> names = {"a", "b", "ab", "abc", "a.o", "b.o", "x y", "x ", "#x", "!y", "A", "[z]", "a*b", "build", "\xc3\xa9"};
  const std::vector<std::string> atoms = {"a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[[:alpha:]]", "[[:upper:]]", "\\a", "\\*", "x",
                                          " ", "\\ ", ".o", "build", "[", "[]", "[]a]", "[z-a]", "[a-", "[\\]]", "\xc3\xa9", "c", "y", "\\", "[[:bad:]]", "[[:a]"};
  std::size_t ignored = 0;
  for (int round = 0; round < 20; ++round) {
    Repository tree;
    std::vector<std::string> directories = {""};
    for (int count = 0; count < 8; ++count) directories.push_back(pick(directories) + pick(names) + "/");
    auto lines = [&] {
      std::string text;
      for (auto count = random() % 7; count > 0; --count) {
        if (random() % 4 == 0) text += "!";
        if (random() % 5 == 0) text += "/";
        for (auto parts = 1 + random() % 3; parts > 0; --parts) {
          for (auto pieces = 1 + random() % 3; pieces > 0; --pieces) text += pick(atoms);
          if (parts > 1) text += "/";
        }
        if (random() % 4 == 0) text += "/";
        if (random() % 6 == 0) text += "  ";
        text += random() % 8 == 0 ? "\r\n" : "\n";
      }
      return text;
    };
    for (const auto& directory : directories) {
      std::error_code taken;
      fs::create_directories(tree.root() + "/" + directory, taken);
      if (taken) continue;
      for (int count = 0; count < 5; ++count)
        if (auto path = tree.root() + "/" + directory + pick(names); !fs::exists(path)) tree.file(directory + fs::path(path).filename().string());
      if (random() % 2 == 0 && fs::is_directory(tree.root() + "/" + directory)) put(tree.root() + "/" + directory + ".gitignore", lines());
    }
    put(tree.root() + "/.git/info/exclude", lines());
    put(tree.home() + "/.config/git/ignore", lines());
    auto wrong = tree.differences();
    ignored += tree.ignored();
    if (wrong.empty()) continue;
    std::string shown;
    for (const auto& directory : directories) {
      std::ifstream file(tree.root() + "/" + directory + ".gitignore");
      shown += cat("--- ", directory, ".gitignore\n", std::string((std::istreambuf_iterator<char>(file)), {}));
    }
    for (const auto& other : {tree.root() + "/.git/info/exclude", tree.home() + "/.config/git/ignore"}) {
      std::ifstream file(other);
      shown += cat("--- ", other, "\n", std::string((std::istreambuf_iterator<char>(file)), {}));
    }
    INFO(shown);
    CHECK(wrong == std::vector<std::string>());
  }
  CHECK(ignored > 20);
}
