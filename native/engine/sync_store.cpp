#include "engine/sync_store.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/sync_user.hpp"
#include "engine/tree_memory.hpp"
#include "os/process.hpp"
#include "peers/git.hpp"
#include "peers/git_session.hpp"
#include "wire/messages.hpp"

namespace kra {
namespace {

constexpr std::uint64_t exclude_limit = 4U << 20;
// Every write leaves a pack; above so many, looking for an object begins to cost.
constexpr std::ptrdiff_t most_packs = 50;

bool same_device(const std::string& left, const std::string& right) {
  struct stat one, other;
  return ::stat(left.c_str(), &one) == 0 && ::stat(right.c_str(), &other) == 0 && one.st_dev == other.st_dev;
}

// Out of sight of watchers and of git, on the file system of the work tree.
std::string slots_of(const RepositoryPlace& place) {
  return cat(same_device(place.git, place.root) ? place.git + "/kra" : place.root + "/.kra", "/slots");
}

// Nobody else works here, and no child of the one that was killed lives: what is locked is locked for good.
void remove_locks(Disk& disk, const std::string& directory, int depth) {
  auto names = disk.list(directory);
  if (!names) return;
  for (const auto& name : *names) {
    const auto path = cat(directory, "/", name);
    const auto info = disk.info(path);
    // Of objects only those that a pack was being made of.
    const bool of_packs = directory.ends_with("/objects");
    if (info && info->directory && depth > 0 && (!of_packs || name == "pack")) remove_locks(disk, path, depth - 1);
    else if (name.ends_with(".lock") || name.starts_with("fast_import_crash") || name.starts_with("tmp_")) (void)disk.remove(path);
  }
}

}  // namespace

std::string sync_directory(const Paths& paths, const std::string& root) { return cat(paths.sync(), "/", directory_name(root)); }

SyncStore::SyncStore(Disk& disk, std::string directory, RepositoryPlace place, Lock lock, LiveTree tree, std::string slots)
    : disk_(&disk), directory_(std::move(directory)), place_(std::move(place)), lock_(std::move(lock)), tree_(std::move(tree)), slots_(std::move(slots)),
      git_(directory_ + "/objects.git") {
  git_.guard(lock_.fd());
}

SyncStore::~SyncStore() {
  git_.talk_through(nullptr);
  if (directory_.empty()) return;
  // What another has begun meanwhile is his.
  if (resting_ && !wake(Patience::of(Milliseconds(0))).value_or(false)) return;
  (void)disk_->remove(file("unclean"));
}

Result<SyncStore> SyncStore::open(Disk& disk, const Paths& paths, const RepositoryPlace& place, const Patience& patience) {
  const auto directory = sync_directory(paths, place.root);
  TRY(disk.make_directory(directory));
  auto lock = disk.lock(directory + "/lock", patience);
  if (!lock && lock.error().fault == Fault::busy) return Error{Fault::busy, "another sync of this work tree is running"};
  if (!lock) return std::move(lock.error());
  const auto slots = slots_of(place);
  TRY(disk.make_directory(slots));
  auto tree = TRY(LiveTree::open(place.root, slots));
  SyncStore store(disk, directory, place, std::move(*lock), std::move(tree), slots);
  TRY(store.prepare(patience));
  return store;
}

Result<void> SyncStore::prepare(const Patience& patience) {
  after_crash_ = disk_->info(file("unclean")).ok();
  if (after_crash_) remove_locks(*disk_, directory_, 7);
  TRY(disk_->replace(file("unclean"), ""));
  if (!disk_->info(git_.directory() + "/info/attributes").ok()) {
    GitCall init{.arguments = {"init", "--quiet", "--bare", "--template=", cat("--object-format=", place_.sha256 ? "sha256" : "sha1")}};
    TRY_TO("make the store", git_.ask(std::move(init), patience));
    TRY(disk_->make_directory(git_.directory() + "/info"));
    // What is on disk is what is kept: no line ends, filters or encodings.
    TRY(disk_->replace(git_.directory() + "/info/attributes", "* -text -eol -filter -ident -working-tree-encoding\n"));
  }
  TRY(tidy(patience));
  git_.talk_through(std::make_shared<GitSession>(git_));
  return {};
}

Result<void> SyncStore::tidy(const Patience& patience) {
  const auto names = disk_->list(git_.directory() + "/objects/pack");
  if (!names || std::count_if(names->begin(), names->end(), [](const std::string& name) { return name.ends_with(".pack"); }) <= most_packs) return {};
  // Those that stay would look for the packs that go.
  const bool talks = git_.session() != nullptr;
  git_.talk_through(nullptr);
  // Small ones become one; objects that nothing refers to stay too.
  TRY_TO("join packs", git_.ask({.arguments = {"repack", "-d", "-n", "-q", "--geometric=2"}}, patience));
  if (talks) git_.talk_through(std::make_shared<GitSession>(git_));
  return {};
}

Result<void> SyncStore::shrink(const Patience& patience) {
  const bool talks = git_.session() != nullptr;
  git_.talk_through(nullptr);
  // It names objects that nothing refers to.
  if (memory_) memory_->forget();
  TRY_TO("make room", git_.ask({.arguments = {"gc", "--quiet", "--prune=1.hour.ago"}}, patience));
  if (talks) git_.talk_through(std::make_shared<GitSession>(git_));
  return {};
}

// What says that it was not ended stays: whoever comes between finds nothing of ours to keep.
void SyncStore::rest() {
  lock_.rest();
  resting_ = true;
}

void SyncStore::hang_up() { git_.talk_through(std::make_shared<GitSession>(git_)); }

Result<bool> SyncStore::wake(const Patience& patience) {
  auto alone = lock_.wake(patience);
  if (alone) resting_ = false;
  if (!alone && alone.error().fault == Fault::busy) return Error{Fault::busy, "another sync of this work tree is running"};
  return alone;
}

Git SyncStore::git_with_tree() const {
  Git git(git_.directory(), place_.root);
  git.guard(lock_.fd());
  return git;
}

static std::string excludes_of_user(Disk& disk) {
  const auto home = user_home();
  const char* config_home = std::getenv("XDG_CONFIG_HOME");
  const auto config = config_home && *config_home ? std::string(config_home) : home + "/.config";
  auto named = user_git_setting(disk, "core.excludesfile");
  if (named.starts_with("~/")) named = home + named.substr(1);
  auto text = disk.read(followed(named.empty() ? config + "/git/ignore" : named), exclude_limit);
  return text ? *text + "\n" : "";
}

Result<void> SyncStore::set_excludes(const std::vector<std::string>& patterns) {
  // Later lines win over earlier ones, as the user's own files do in git's order.
  auto text = excludes_of_user(*disk_);
  if (auto own = disk_->read(place_.common + "/info/exclude", exclude_limit)) text += *own + "\n";
  for (const auto& pattern : patterns) text += pattern + "\n";
  text += "/.kra/\n";
  excludes_ = text;
  const auto path = git_.directory() + "/info/exclude";
  if (auto now = disk_->read(path, 2 * exclude_limit); now && *now == text) return {};
  return disk_->replace(path, text);
}

std::string SyncStore::new_slot() { return new_uuid(); }

}  // namespace kra
