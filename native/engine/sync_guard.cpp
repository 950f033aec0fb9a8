#include "engine/sync_guard.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "engine/privacy.hpp"
#include "engine/secrets.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

constexpr std::size_t front_bytes = 4096;
constexpr std::uint64_t most_deletions = 500, most_new_files = 5000, most_new_bytes = 100U << 20;
constexpr std::uint64_t large_bytes = 10U << 20;
constexpr std::uint64_t few = 10;  // that many may always go

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Code points that HFS+ leaves out when it compares names.
std::string without_ignored_points(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const auto three = name.substr(at, 3);
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(three[index]); };
    const bool wide = three.size() == 3 && byte(0) == 0xe2 && ((byte(1) == 0x80 && ((byte(2) >= 0x8c && byte(2) <= 0x8f) || (byte(2) >= 0xaa && byte(2) <= 0xae))) ||
                                                               (byte(1) == 0x81 && byte(2) >= 0xaa && byte(2) <= 0xaf));
    const bool mark = three.size() == 3 && byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf;
    if (wide || mark) at += 3;
    else out += name[at++];
  }
  return out;
}

bool is_git_directory(std::string_view part) {
  auto name = lower(without_ignored_points(part));
  // NTFS: what follows a colon names a stream; dots and spaces at the end are nothing.
  name = name.substr(0, name.find(':'));
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  return name == ".git" || name == "git~1";
}

// Attributes that make the committed bytes other than those on disk.
class Conversions {
 public:
  Conversions(SyncStore& store, const std::vector<PathChange>& changes, const WorkState& state, const Patience& patience) : store_(store), patience_(patience) {
    const auto set = git_setting(store.place().config, "core.autocrlf");
    automatic_ = set == "true" || set == "input";
    asked_ = store.disk().info(store.place().common + "/info/attributes").ok();
    for (const auto& change : changes) asked_ = asked_ || has_attributes(state, change.path);
  }

  Result<void> ask(const std::vector<std::string>& paths) {
    if (!asked_ || paths.empty()) return {};
    // Our own attributes would hide those of the tree: a git directory without any.
    const auto bare = store_.file("attributes.git");
    if (!store_.disk().info(bare + "/HEAD").ok())
      TRY(Git(bare).ask({.arguments = {"init", "--quiet", "--bare", "--template="}}, patience_));
    GitCall call{.arguments = {"check-attr", "-z", "--stdin", "filter", "text", "eol", "ident", "working-tree-encoding"}};
    for (const auto& path : paths) call.input += path, call.input += '\0';
    const auto output = TRY(Git(bare, store_.place().root).ask(std::move(call), patience_));
    const auto fields = split(output, std::string_view("\0", 1));
    for (std::size_t at = 0; at + 2 < fields.size(); at += 3)
      if (fields[at + 2] != "unspecified") set_[std::string(fields[at])][std::string(fields[at + 1])] = fields[at + 2];
    return {};
  }

  // Why the bytes would be converted; empty when they would not.
  std::string of(const std::string& path, std::string_view bytes) const {
    const auto found = set_.find(path);
    const auto value = [&](const char* name) {
      if (found == set_.end()) return std::string();
      const auto at = found->second.find(name);
      return at == found->second.end() || at->second == "unset" ? std::string() : at->second;
    };
    for (const char* name : {"filter", "ident", "working-tree-encoding"})
      if (!value(name).empty()) return cat("git converts it (", name, ")");
    const bool text = !value("text").empty() || !value("eol").empty() || (automatic_ && (found == set_.end() || !found->second.contains("text")));
    const bool ends_differ = bytes.find("\r\n") != bytes.npos || (value("eol") == "crlf" && bytes.find('\n') != bytes.npos);
    return text && ends_differ ? "git converts its line ends" : "";
  }

  bool any() const { return asked_ || automatic_; }

 private:
  // Only those above a path say anything about it.
  static bool has_attributes(const WorkState& state, const std::string& path) {
    if (state.files.contains(".gitattributes")) return true;
    for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
      if (state.files.contains(path.substr(0, slash) + "/.gitattributes")) return true;
    return false;
  }

  SyncStore& store_;
  const Patience& patience_;
  bool automatic_ = false, asked_ = false;
  std::map<std::string, std::map<std::string, std::string>> set_;
};

bool is_file(const TreeEntry& entry) { return entry && entry.mode != "120000" && entry.mode != "160000"; }

// The bytes of every file that the changes bring.
Result<std::map<std::string, std::string>> new_bytes(SyncStore& store, const std::vector<PathChange>& changes, const Patience& patience) {
  std::map<std::string, std::string> found;
  constexpr std::size_t batch = 256;
  std::vector<const PathChange*> wanted;
  for (const auto& change : changes)
    if (change.after && change.after.mode != "160000") wanted.push_back(&change);
  for (std::size_t from = 0; from < wanted.size(); from += batch) {
    std::vector<std::string> oids;
    const auto to = std::min(wanted.size(), from + batch);
    for (auto at = from; at < to; ++at) oids.push_back(wanted[at]->after.oid);
    auto bytes = TRY(read_blobs(store.git(), oids, patience));
    for (auto at = from; at < to; ++at) found[wanted[at]->path] = std::move(bytes[at - from]);
  }
  return found;
}

std::vector<std::string> paths_of(const std::vector<PathChange>& changes) {
  std::vector<std::string> paths;
  for (const auto& change : changes)
    if (is_file(change.after)) paths.push_back(change.path);
  return paths;
}

}  // namespace

std::string wrong_name(std::string_view path) {
  for (const auto part : split(path, "/")) {
    if (part.empty() || part == "." || part == "..") return "its name leads elsewhere";
    if (is_git_directory(part)) return "its name means .git on some file systems";
    if (part.find('\0') != part.npos) return "its name is none";
  }
  return "";
}

bool leads_out(std::string_view path, std::string_view target) {
  if (target.starts_with('/')) return true;
  auto depth = std::count(path.begin(), path.end(), '/');
  for (const auto part : split(target, "/")) {
    if (part == "..") --depth;
    else if (!part.empty() && part != ".") ++depth;
    if (depth < 0) return true;
    if (is_git_directory(part)) return true;
  }
  return false;
}

bool holds_secret(std::string_view path, std::string_view bytes) {
  if (is_secret_file(path)) return true;
  const auto front = bytes.substr(0, front_bytes);
  if (front.find('\0') != front.npos) return false;
  if (front.find("PRIVATE KEY-----") != front.npos) return true;
  constexpr std::string_view solid = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  for (std::string_view prefix : {"ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "AKIA", "xoxb-", "xoxp-", "sk-ant-", "sk-proj-", "sk_live_"})
    for (auto at = front.find(prefix); at != front.npos; at = front.find(prefix, at + 1)) {
      const auto rest = front.substr(at + prefix.size());
      const bool begins = at == 0 || solid.find(front[at - 1]) == solid.npos;
      if (begins && std::min(rest.find_first_not_of(solid), rest.size()) >= 16) return true;
    }
  return false;
}

Result<HeldPaths> hold_outgoing(SyncStore& store, const std::vector<PathChange>& changes, const WorkState& state, const Patience& patience) {
  HeldPaths held;
  Conversions conversions(store, changes, state, patience);
  TRY(conversions.ask(paths_of(changes)));
  for (const auto& [path, bytes] : TRY(new_bytes(store, changes, patience))) {
    if (holds_secret(path, bytes)) held[path] = "it looks like a secret";
    else if (auto why = conversions.any() ? conversions.of(path, bytes) : ""; !why.empty()) held[path] = std::move(why);
  }
  return held;
}

Result<HeldPaths> hold_incoming(SyncStore& store, const std::vector<PathChange>& changes, const WorkState& state, const Patience& patience) {
  HeldPaths held;
  Conversions conversions(store, changes, state, patience);
  TRY(conversions.ask(paths_of(changes)));
  std::map<std::string, TreeEntry> after;
  for (const auto& change : changes) {
    if (change.after) after[change.path] = change.after;
    if (auto why = wrong_name(change.path); change.after && !why.empty()) held[change.path] = std::move(why);
  }
  for (const auto& [path, bytes] : TRY(new_bytes(store, changes, patience))) {
    if (after[path].mode == "120000" && leads_out(path, bytes)) held[path] = "a link that leads out of the tree";
    else if (auto why = conversions.any() && is_file(after[path]) ? conversions.of(path, bytes) : ""; !why.empty()) held[path] = std::move(why);
  }
  return held;
}

std::string too_many_deletions(const std::vector<PathChange>& changes, std::uint64_t files) {
  const auto gone = static_cast<std::uint64_t>(std::count_if(changes.begin(), changes.end(), [](const PathChange& change) { return !change.after; }));
  if (gone < few || (gone <= most_deletions && gone * 2 <= files)) return "";
  return cat(gone, " of ", files, " files would be deleted");
}

HeldPaths large_files(const std::vector<PathChange>& changes, const WorkState& state) {
  HeldPaths large;
  for (const auto& change : changes)
    if (const auto file = state.files.find(change.path); change.after && file != state.files.end() && file->second.look.size > large_bytes)
      large[change.path] = cat(file->second.look.size >> 20, " MB");
  return large;
}

std::string too_many_new(const std::vector<PathChange>& changes, const WorkState& state) {
  std::uint64_t count = 0, bytes = 0;
  for (const auto& change : changes) {
    if (change.before || !change.after) continue;
    ++count;
    if (const auto file = state.files.find(change.path); file != state.files.end()) bytes += file->second.look.size;
  }
  if (count > most_new_files) return cat(count, " new files would be pushed");
  return bytes > most_new_bytes ? cat(bytes >> 20, " MB of new files would be pushed") : "";
}

}  // namespace kra
