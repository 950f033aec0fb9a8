#include "peers/git_repository.hpp"

#include "base/text.hpp"
#include "peers/git.hpp"

namespace kra {
namespace {

constexpr std::uint64_t small = 64U << 10;
constexpr std::uint64_t refs_limit = 256U << 20;

std::string trimmed(std::string_view text) { return std::string(text.substr(0, text.find_first_of("\r\n"))); }

std::string resolved(const std::string& directory, const std::string& path) { return path.starts_with('/') ? path : cat(directory, "/", path); }

bool exists(Disk& disk, const std::string& path) { return disk.info(path).ok(); }

}  // namespace

Result<RepositoryPlace> find_repository(Disk& disk, const std::string& root) {
  RepositoryPlace place{.root = root, .git = cat(root, "/.git")};
  const auto info = disk.info(place.git);
  if (!info && exists(disk, root + "/HEAD") && exists(disk, root + "/objects"))
    return Error{Fault::refused, cat(printable(root), " is a bare repository: there is no work tree to sync")};
  if (!info) return Error{Fault::not_found, cat(printable(root), " is no git repository; `git init` makes one")};
  if (!info->directory) {
    const auto link = TRY(disk.read(place.git, small));
    if (!link.starts_with("gitdir: ")) return Error{Fault::corrupt, cat(printable(place.git), " names no git directory")};
    place.git = resolved(root, trimmed(std::string_view(link).substr(8)));
  }
  place.common = place.git;
  if (auto other = disk.read(place.git + "/commondir", small)) place.common = resolved(place.git, trimmed(*other));
  place.config = TRY(disk.read(place.common + "/config", 1U << 20));
  place.sha256 = git_setting(place.config, "extensions.objectformat") == "sha256";
  const auto storage = git_setting(place.config, "extensions.refstorage");
  if (!storage.empty() && storage != "files") return Error{Fault::refused, cat("references kept as ", printable(storage), " are not supported")};
  return place;
}

Result<std::string> find_root(Disk& disk, const std::string& directory) {
  for (std::string at = directory; !at.empty() && at.starts_with('/'); at = at == "/" ? "" : directory_part(at))
    if (exists(disk, at == "/" ? "/.git" : at + "/.git")) return at;
  return Error{Fault::not_found, cat(printable(directory), " lies in no git repository; `git init` makes one")};
}

Result<std::string> read_ref(Disk& disk, const RepositoryPlace& place, const std::string& ref) {
  const std::size_t length = place.sha256 ? 64 : 40;
  if (auto loose = disk.read(cat(place.common, "/", ref), small)) {
    if (loose->starts_with("ref: ")) return Error{Fault::refused, cat(printable(ref), " is a symbolic reference")};
    return loose->substr(0, length);
  }
  auto packed = disk.read(place.common + "/packed-refs", refs_limit);
  if (!packed) return packed.error().fault == Fault::not_found ? Result<std::string>(std::string()) : std::move(packed.error());
  const auto line = cat(" ", ref, "\n");
  for (auto at = packed->find(line); at != std::string::npos; at = packed->find(line, at + 1))
    if (at >= length && (at == length || (*packed)[at - length - 1] == '\n')) return packed->substr(at - length, length);
  return std::string();
}

Result<Head> read_head(Disk& disk, const RepositoryPlace& place) {
  const auto text = TRY(disk.read(place.git + "/HEAD", small));
  Head head;
  if (!text.starts_with("ref: ")) return head.oid = trimmed(text), head;
  const auto ref = trimmed(std::string_view(text).substr(5));
  if (!ref.starts_with("refs/heads/")) return Error{Fault::refused, cat("HEAD means ", printable(ref), ", which is no branch")};
  head.branch = ref.substr(11);
  head.oid = TRY(read_ref(disk, place, ref));
  return head;
}

std::string unfinished_operation(Disk& disk, const RepositoryPlace& place) {
  struct Sign {
    const char *file, *name;
  };
  for (const auto& sign : {Sign{"rebase-merge", "rebase"}, Sign{"rebase-apply/applying", "am"}, Sign{"rebase-apply", "rebase"},
                           Sign{"MERGE_HEAD", "merge"}, Sign{"CHERRY_PICK_HEAD", "cherry-pick"}, Sign{"REVERT_HEAD", "revert"},
                           Sign{"sequencer", "cherry-pick"}, Sign{"BISECT_LOG", "bisect"}})
    if (exists(disk, cat(place.git, "/", sign.file))) return sign.name;
  return "";
}

static void gather(Disk& disk, const std::string& git, const std::string& name, std::vector<std::string>& found) {
  const auto info = disk.info(cat(git, "/", name));
  if (!info) return;
  if (!info->directory) return found.push_back(name);
  if (auto names = disk.list(cat(git, "/", name)))
    for (const auto& each : *names) gather(disk, git, cat(name, "/", each), found);
}

static const std::vector<std::string>& operation_names() {
  static const std::vector<std::string> names = {"MERGE_HEAD", "MERGE_MSG",    "MERGE_MODE", "MERGE_RR",   "CHERRY_PICK_HEAD", "REVERT_HEAD", "ORIG_HEAD",
                                                 "AUTO_MERGE", "SQUASH_MSG",   "BISECT_LOG", "BISECT_START", "BISECT_NAMES",   "BISECT_TERMS", "BISECT_EXPECTED_REV",
                                                 "rebase-merge", "rebase-apply", "sequencer"};
  return names;
}

std::vector<std::string> operation_files(Disk& disk, const RepositoryPlace& place) {
  std::vector<std::string> found;
  for (const auto& name : operation_names()) gather(disk, place.git, name, found);
  return found;
}

}  // namespace kra
