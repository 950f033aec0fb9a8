#include "engine/sync_record.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "base/checksum.hpp"
#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/sync_hooks.hpp"
#include "engine/sync_store.hpp"
#include "os/process.hpp"
#include "peers/git.hpp"
#include "wire/messages.hpp"
#include "wire/msgpack.hpp"

namespace kra {
namespace {

Result<struct stat> status_of(const std::string& root) {
  struct stat info;
  if (::stat(root.c_str(), &info) != 0) return Error{Fault::not_found, cat(printable(root), " is not there")};
  return info;
}

std::string address_of(const RepositoryPlace& place, const std::string& remote) {
  auto url = git_setting(place.config, cat("remote.", remote, ".pushurl"));
  if (url.empty()) url = git_setting(place.config, cat("remote.", remote, ".url"));
  const bool is_path = url.find(':') == url.npos && !url.starts_with('/') && !url.empty();
  return is_path ? cat(place.root, "/", url) : url;
}

Result<void> check_address(const std::string& url) {
  const auto scheme = url.substr(0, url.find("::"));
  const bool names_helper = scheme.size() < url.size() && std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (url.starts_with('-') || names_helper) return Error{Fault::refused, cat("the remote's address ", printable(url), " would start a program")};
  return {};
}

}  // namespace

std::uint64_t settings_fingerprint(std::string_view config) {
  std::string kept;
  bool skip = false;
  for (auto line : split(config, "\n")) {
    bool more = false;
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front()))) line.remove_prefix(1);
    if (line.starts_with('[')) {
      skip = false;
      for (std::string_view section : {"[branch ", "[user]", "[color", "[gui", "[pull]", "[push]", "[advice]", "[log]", "[status]", "[rerere]"})
        if (line.starts_with(section)) skip = true;
      // Behind the head of a section more may stand in its line.
      more = line.find('=') != line.npos;
    }
    if (!skip || more) kept += cat(line, "\n");
  }
  // As large as a stored number may be.
  return hash64(kept) >> 1;
}

Result<SyncRecord> new_record(Disk& disk, const RepositoryPlace& place, const std::string& mode) {
  if (mode != "shadow" && mode != "track") return Error{Fault::usage, cat("no mode ", printable(mode), "; it is shadow or track")};
  const auto info = TRY(status_of(place.root));
  const auto head = TRY(read_head(disk, place));
  if (mode == "track" && head.branch.empty()) return Error{Fault::refused, "HEAD is on no branch: `git switch` to the one that shall be synced"};
  SyncRecord record{.root = place.root, .device = info.st_dev, .inode = info.st_ino, .owner = info.st_uid, .settings = settings_fingerprint(place.config), .mode = mode};
  if (mode == "track") record.branch = head.branch, record.hooks = hooks_fingerprint(disk, place);
  record.remote = git_setting(place.config, cat("branch.", head.branch, ".remote"));
  if (record.remote.empty() || record.remote == ".") record.remote = "origin";
  record.url = address_of(place, record.remote);
  if (record.url.empty()) return Error{Fault::refused, cat("there is no remote `", printable(record.remote), "` to sync with; `git remote add` makes one")};
  TRY(check_address(record.url));
  record.enabled_at = wall_now().ms;
  return record;
}

Result<void> write_record(Disk& disk, const Paths& paths, const SyncRecord& record) {
  const auto directory = sync_directory(paths, record.root);
  TRY(disk.make_directory(directory));
  return disk.replace(directory + "/record", pack(to_value(record)));
}

static Result<SyncRecord> load_record(Disk& disk, const std::string& directory) {
  const auto bytes = TRY(disk.read(directory + "/record", 1U << 20));
  const auto value = TRY(unpack(bytes));
  SyncRecord record;
  TRY(from_value(value, record));
  return record;
}

Result<SyncRecord> read_record(Disk& disk, const Paths& paths, const RepositoryPlace& place) {
  auto record = load_record(disk, sync_directory(paths, place.root));
  if (!record && record.error().fault == Fault::not_found)
    return Error{Fault::not_found, cat("sync is not enabled in ", printable(place.root), "; `kra sync enable` does it")};
  if (!record) return std::move(record.error());
  const auto info = TRY(status_of(place.root));
  if (info.st_dev != record->device || info.st_ino != record->inode || info.st_uid != record->owner)
    return Error{Fault::conflict, cat(printable(place.root), " is not the directory that sync was enabled for; `kra sync enable` if it is right")};
  if (settings_fingerprint(place.config) != record->settings)
    return Error{Fault::conflict, "the repository's settings have changed since sync was enabled; look at .git/config, then `kra sync enable`"};
  if (record->mode == "track" && hooks_fingerprint(disk, place) != record->hooks)
    return Error{Fault::conflict, "the repository's hooks have changed since sync was enabled; look at pre-push, pre-commit and commit-msg, then `kra sync enable --mode track`"};
  return record;
}

Result<void> remove_record(Disk& disk, const Paths& paths, const std::string& root) { return disk.remove(sync_directory(paths, root) + "/record"); }

std::vector<SyncRecord> all_records(Disk& disk, const Paths& paths) {
  std::vector<SyncRecord> records;
  const auto names = disk.list(paths.sync());
  if (!names) return records;
  for (const auto& name : *names)
    if (auto record = load_record(disk, cat(paths.sync(), "/", name))) records.push_back(std::move(*record));
  return records;
}

Result<std::string> device_name(Disk& disk, const Paths& paths) {
  const auto file = paths.device();
  if (auto known = disk.read(file, 256); known && !known->empty()) return known;
  std::string host;
  for (const char c : host_name())
    if (std::isalnum(static_cast<unsigned char>(c)) && host.size() < 24) host += c;
  const auto name = cat(host.empty() ? "device" : host, "-", new_uuid().substr(0, 4));
  TRY(disk.make_directory(paths.state));
  auto made = disk.create(file, name);
  // Another was faster.
  if (!made && made.error().fault == Fault::conflict) return disk.read(file, 256);
  if (!made) return std::move(made.error());
  return name;
}

}  // namespace kra
