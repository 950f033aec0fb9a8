// The difference of two trees: only directories that differ are read.
#include <algorithm>

#include "base/text.hpp"
#include "peers/git_objects.hpp"
#include "peers/git_session.hpp"

namespace kra {
namespace {

Error unreadable() { return {Fault::corrupt, "git diff-tree: an answer that kra cannot read"}; }

TreeEntry entry_of(std::string_view mode, std::string_view oid) {
  const bool none = oid.find_first_not_of('0') == oid.npos && mode.find_first_not_of('0') == mode.npos;
  return none ? TreeEntry{} : TreeEntry{std::string(mode), std::string(oid)};
}

Result<std::vector<PathChange>> ask_git(const Git& git, const std::string& from, const std::string& to, const Patience& patience) {
  auto output = TRY(git.ask({.arguments = {"diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", from, to}}, patience));
  std::vector<PathChange> changes;
  const auto fields = split(output, std::string_view("\0", 1));
  for (std::size_t at = 0; at + 1 < fields.size(); at += 2) {
    const auto words = split(fields[at], " ");
    if (words.size() != 5 || !words[0].starts_with(':')) return unreadable();
    changes.push_back({std::string(fields[at + 1]), entry_of(words[0].substr(1), words[2]), entry_of(words[1], words[3])});
  }
  return changes;
}

constexpr std::string_view directory_mode = "40000";

// Modes as git shows them, whatever an old git wrote.
std::string shown_mode(std::string_view mode) {
  if (mode == directory_mode || mode == "120000" || mode == "160000") return std::string(mode);
  return mode.size() == 6 && mode.starts_with("100") && ((mode[3] - '0') & 1) != 0 ? "100755" : "100644";
}

// A tree object: MODE SP NAME NUL and the bytes of the id, for each entry.
Result<TreeMap> entries_of(std::string_view bytes, std::size_t oid_size) {
  static constexpr char digits[] = "0123456789abcdef";
  TreeMap entries;
  while (!bytes.empty()) {
    const auto space = bytes.find(' '), end = bytes.find('\0');
    if (space == bytes.npos || end == bytes.npos || end < space || bytes.size() < end + 1 + oid_size) return unreadable();
    TreeEntry entry{shown_mode(bytes.substr(0, space)), {}};
    for (const char c : bytes.substr(end + 1, oid_size)) entry.oid += digits[static_cast<unsigned char>(c) >> 4], entry.oid += digits[static_cast<unsigned char>(c) & 15];
    entries.emplace(bytes.substr(space + 1, end - space - 1), std::move(entry));
    bytes.remove_prefix(end + 1 + oid_size);
  }
  return entries;
}

class TreeDiff {
 public:
  TreeDiff(GitSession& session, const Patience& patience) : session_(session), patience_(patience) {}

  // All directories of one depth are asked for at once.
  Result<std::vector<PathChange>> run(const std::string& from, const std::string& to) {
    const auto tips = TRY(session_.objects({from + "^{tree}", to + "^{tree}"}, false, patience_));
    if (tips[0].oid.empty() || tips[1].oid.empty()) return Error{Fault::corrupt, cat("git: no tree ", tips[0].oid.empty() ? from : to)};
    std::vector<Pair> level;
    if (tips[0].oid != tips[1].oid) level.push_back({"", tips[0].oid, tips[1].oid});
    while (!level.empty()) {
      std::vector<std::string> oids;
      for (const auto& pair : level)
        for (const auto* oid : {&pair.before, &pair.after})
          if (!oid->empty()) oids.push_back(*oid);
      const auto trees = TRY(session_.objects(oids, true, patience_));
      std::size_t next = 0;
      std::vector<Pair> below;
      for (const auto& pair : level) {
        const auto before = pair.before.empty() ? TreeMap() : TRY(tree_in(trees[next++]));
        const auto after = pair.after.empty() ? TreeMap() : TRY(tree_in(trees[next++]));
        compare(pair.path, before, after, below);
      }
      level = std::move(below);
    }
    return std::move(changes_);
  }

 private:
  struct Pair {
    std::string path, before, after;  // the path with a slash at its end
  };

  static Result<TreeMap> tree_in(const GitSession::Object& object) {
    if (object.type != "tree") return Error{Fault::corrupt, "git: a tree is not there"};
    return entries_of(object.bytes, object.oid.size() / 2);
  }

  void compare(const std::string& path, const TreeMap& before, const TreeMap& after, std::vector<Pair>& below) {
    for (const auto& [name, entry] : before) {
      const auto other = after.find(name);
      if (other == after.end()) note(path + name, entry, {}, below);
      else if (other->second != entry) note(path + name, entry, other->second, below);
    }
    for (const auto& [name, entry] : after)
      if (!before.contains(name)) note(path + name, {}, entry, below);
  }

  void note(const std::string& path, const TreeEntry& before, const TreeEntry& after, std::vector<Pair>& below) {
    const bool tree_before = before.mode == directory_mode, tree_after = after.mode == directory_mode;
    if (tree_before || tree_after) below.push_back({path + "/", tree_before ? before.oid : "", tree_after ? after.oid : ""});
    const auto file_before = tree_before ? TreeEntry{} : before, file_after = tree_after ? TreeEntry{} : after;
    if (file_before != file_after) changes_.push_back({path, file_before, file_after});
  }

  GitSession& session_;
  const Patience& patience_;
  std::vector<PathChange> changes_;
};

}  // namespace

Result<std::vector<PathChange>> diff_trees(const Git& git, const std::string& from, const std::string& to, const Patience& patience) {
  if (from == to) return std::vector<PathChange>{};
  auto* session = git.session();
  auto changes = session ? TRY(TreeDiff(*session, patience).run(from, to)) : TRY(ask_git(git, from, to, patience));
  std::sort(changes.begin(), changes.end(), [](const auto& left, const auto& right) { return left.path < right.path; });
  return changes;
}

}  // namespace kra
