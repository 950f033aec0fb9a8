#include "engine/work_scan.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.hpp"
#include "engine/ignore_lookup.hpp"
#include "engine/privacy.hpp"
#include "engine/tree_memory.hpp"
#include "peers/git_index_sum.hpp"

namespace kra {
namespace {

// Coarser than the clock of any file system that can lie about a second change.
constexpr std::int64_t unsettled_ns = 2'100'000'000;
// What is written through a mapping that stays open, or another name of a file, is told late or never: so old a trust ends, whoever asks.
constexpr auto longest_trust = std::chrono::minutes(10);
// Bytes gathered before they are handed to git.
constexpr std::size_t batch_bytes = 64U << 20;

const char* ref_of(bool ignored) { return ignored ? "refs/kra/work-ignored" : "refs/kra/work"; }

std::int64_t now_ns() { return wall_now().ms * 1'000'000; }

class WorkScan {
 public:
  // The state is brought up to date; after an Error it is good for nothing.
  WorkScan(SyncStore& store, const IndexMap& index, WorkState& state, const ScanOptions& options, const Patience& patience)
      : store_(store), index_(index), state_(state), options_(options), patience_(patience) {}

  Result<void> everywhere() {
    begin();
    TRY(candidates());
    return look(true);
  }

  // Nothing has changed but there.
  Result<void> at(const std::set<std::string>& places) {
    begin();
    IgnoreLookup ignores(store_, index_);
    for (const auto& path : places) add(path, ignores);
    return look(false);
  }

  // Before it: nothing when the file was not there.
  struct News {
    std::string path;
    TreeEntry before;
  };
  const std::vector<News>& news() const { return news_; }

 private:
  void begin() {
    state_.skipped.clear();
    state_.changed = 0;
  }

  Result<void> look(bool keeps_note) {
    for (const auto& path : paths_) TRY(visit(path));
    return finish(keeps_note);
  }

  Result<void> candidates() {
    for (const auto& [path, entry] : index_)
      if (entry.mode != "160000") paths_.insert(path);
    for (const auto& [path, file] : state_.files) paths_.insert(path);
    return list_others({});
  }

  // What was known there and below, and what is there now as far as it counts.
  void add(const std::string& path, IgnoreLookup& ignores) {
    const auto prefix = path.empty() ? std::string() : path + "/";
    for (auto at = state_.files.lower_bound(prefix); at != state_.files.end() && at->first.starts_with(prefix); ++at) paths_.insert(at->first);
    for (auto at = index_.lower_bound(prefix); at != index_.end() && at->first.starts_with(prefix); ++at)
      if (at->second.mode != "160000") paths_.insert(at->first);
    const auto look = path.empty() ? FileLook{.kind = FileKind::directory} : store_.tree().look(path).value_or(FileLook{});
    if (look.kind == FileKind::directory) return list(path, ignores);
    const bool known = state_.files.contains(path) || is_indexed(path);
    if (known || (look.kind != FileKind::none && !ignores.ignored(path, false, state_.skipped))) paths_.insert(path);
  }

  bool is_indexed(const std::string& path) const {
    const auto at = index_.find(path);
    return at != index_.end() && at->second.mode != "160000";
  }

  void list(const std::string& directory, IgnoreLookup& ignores) {
    if (state_.files.contains(directory) || is_indexed(directory)) paths_.insert(directory);
    if (!directory.empty() && ignores.ignored(directory, true, state_.skipped)) return;
    const auto names = store_.tree().list(directory);
    if (!names) return;
    for (const auto& name : *names) {
      auto path = directory.empty() ? name.name : cat(directory, "/", name.name);
      if (name.directory) list(path, ignores);
      else if (!ignores.ignored(path, false, state_.skipped)) paths_.insert(std::move(path));
    }
  }

  Result<void> list_others(const std::vector<std::string>& below) {
    GitCall call{.arguments = {"ls-files", "-o", "-z"}, .environment = {cat("GIT_INDEX_FILE=", store_.place().git, "/index")}};
    if (!options_.ignored) call.arguments.emplace_back("--exclude-standard");
    call.arguments.insert(call.arguments.end(), below.begin(), below.end());
    const auto output = TRY(store_.git_with_tree().ask(std::move(call), patience_));
    for (const auto path : split(output, std::string_view("\0", 1))) {
      if (path.ends_with('/')) state_.skipped.emplace(path.substr(0, path.size() - 1), "nested");
      else if (!path.empty() && !path.starts_with(".kra/")) paths_.emplace(path);
    }
    return {};
  }

  Result<void> visit(const std::string& path) {
    const auto look = store_.tree().look(path);
    if (!look) return skip(path, "unreadable");
    const auto known = state_.files.find(path);
    if (look->kind == FileKind::none || look->kind == FileKind::directory) {
      if (known != state_.files.end()) gone_.push_back(path);
      return {};
    }
    if (look->kind == FileKind::other) return {};
    // What git does not have yet and looks like a secret is not to be in any store.
    if (known == state_.files.end() && !index_.contains(path) && is_secret_file(path)) return skip(path, skipped_secret);
    if (known != state_.files.end() && known->second.settled && known->second.look == *look) return {};
    return read(path);
  }

  Result<void> read(const std::string& path) {
    const auto started = now_ns();
    auto content = store_.tree().read(path, options_.size_limit, {std::min(patience_.until, Clock::now() + options_.busy_patience), patience_.stop});
    if (!content) {
      switch (content.error().fault) {
        case Fault::busy: return skip(path, "busy");
        case Fault::refused: return skip(path, "too big");
        case Fault::not_found: return state_.files.contains(path) ? skip(path, "busy") : Result<void>{};
        default: return skip(path, "unreadable");
      }
    }
    ScannedFile file{{content->link ? "120000" : content->look.executable() ? "100755" : "100644", {}}, content->look, false};
    file.settled = started - std::max(file.look.modified_ns, file.look.changed_ns) > unsettled_ns;
    const auto known = state_.files.find(path);
    pending_.push_back({path, import_.blob(content->bytes), known == state_.files.end() ? TreeEntry{} : known->second.entry});
    state_.files[path] = std::move(file);
    return import_.bytes() > batch_bytes ? flush() : Result<void>{};
  }

  Result<void> skip(const std::string& path, const char* why) {
    state_.skipped.emplace(path, why);
    // Next time it is read, whatever it looks like.
    if (auto known = state_.files.find(path); known != state_.files.end()) known->second.settled = false;
    return {};
  }

  // Writes the blobs that were gathered, without a commit.
  Result<void> flush() {
    auto written = TRY(import_.run(store_.git(), patience_));
    note_pending(written);
    import_ = Import();
    return {};
  }

  void note_pending(Import::Written& written) {
    for (const auto& read : pending_) {
      auto& file = state_.files[read.path];
      file.entry.oid = written.oids[read.mark];
      news_.push_back({read.path, read.before});
      if (file.entry != read.before) changes_.push_back({read.path, file.entry.mode, file.entry.oid});
    }
    pending_.clear();
  }

  Result<void> finish(bool keeps_note) {
    for (const auto& path : gone_) {
      const auto file = state_.files.find(path);
      news_.push_back({path, file->second.entry});
      state_.files.erase(file);
      changes_.push_back({path, "", ""});
    }
    const bool nothing_new = pending_.empty() && changes_.empty() && !state_.commit.empty();
    if (nothing_new) return {};
    std::vector<Import::Change> all;
    if (!state_.tree.empty()) all.push_back({"", "040000", state_.tree});
    // Deletions first: a file may have taken the place of a directory.
    for (const auto& change : changes_)
      if (change.mode.empty()) all.push_back(change);
    for (const auto& change : changes_)
      if (!change.mode.empty()) all.push_back(change);
    for (const auto& read : pending_) all.push_back({read.path, state_.files[read.path].entry.mode, Import::mark_text(read.mark)});
    const int commit = import_.commit({.ref = keeps_note ? ref_of(options_.ignored) : "", .committer = own_identity(wall_now()), .message = "work tree", .changes = std::move(all)});
    auto written = TRY(import_.run(store_.git(), patience_, options_.later && !keeps_note));
    note_pending(written);
    state_.changed = changes_.size();
    state_.commit = written.oids[commit];
    state_.tree = written.trees[commit];
    return keeps_note ? save_scan() : Result<void>{};
  }

  Result<void> save_scan();

  SyncStore& store_;
  const IndexMap& index_;
  WorkState& state_;
  const ScanOptions& options_;
  const Patience& patience_;
  std::set<std::string> paths_;
  Import import_;
  struct Read {
    std::string path;
    int mark = 0;
    TreeEntry before;
  };
  std::vector<Read> pending_;
  std::vector<Import::Change> changes_;
  std::vector<std::string> gone_;
  std::vector<News> news_;
};

// One line for each file: what it looked like, NUL, its path, NUL. The first line is the commit and tree that this belongs to.
std::string line_of(const std::string& path, const ScannedFile& file) {
  const auto& look = file.look;
  return cat(file.entry.mode, " ", file.entry.oid, " ", look.permissions, " ", look.size, " ", look.modified_ns, " ", look.changed_ns, " ", look.inode, " ",
             look.device, " ", look.links, std::string_view("\0", 1), path, std::string_view("\0", 1));
}

Result<void> WorkScan::save_scan() {
  auto text = cat(state_.commit, " ", state_.tree, std::string_view("\0", 1));
  for (const auto& [path, file] : state_.files)
    if (file.settled) text += line_of(path, file);
    else text += cat(file.entry.mode, " ", file.entry.oid, std::string_view("\0", 1), path, std::string_view("\0", 1));
  return store_.disk().replace(store_.file(options_.ignored ? "scan-ignored" : "scan"), text);
}

bool read_look(const std::vector<std::string_view>& words, FileLook& look, bool link) {
  std::array<std::int64_t, 7> numbers{};
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    const auto number = parse_int(words[at + 2]);
    if (!number) return false;
    numbers[at] = *number;
  }
  look = {.kind = link ? FileKind::link : FileKind::file,
          .permissions = static_cast<std::uint32_t>(numbers[0]),
          .links = static_cast<std::uint32_t>(numbers[6]),
          .device = static_cast<std::uint64_t>(numbers[5]),
          .inode = static_cast<std::uint64_t>(numbers[4]),
          .size = static_cast<std::uint64_t>(numbers[1]),
          .modified_ns = numbers[2],
          .changed_ns = numbers[3]};
  return true;
}

}  // namespace

WorkState load_scan(SyncStore& store, bool ignored, const Patience& patience) {
  auto text = store.disk().read(store.file(ignored ? "scan-ignored" : "scan"), 1ULL << 31);
  if (!text) return {};
  const auto fields = split(*text, std::string_view("\0", 1));
  const auto head = split(fields.front(), " ");
  if (head.size() != 2) return {};
  WorkState state{.commit = std::string(head[0]), .tree = std::string(head[1])};
  auto now = resolve(store.git(), ref_of(ignored), patience);
  if (!now || *now != state.commit) return {};
  for (std::size_t at = 1; at + 1 < fields.size(); at += 2) {
    const auto words = split(fields[at], " ");
    if (words.size() != 2 && words.size() != 9) return {};
    ScannedFile file{{std::string(words[0]), std::string(words[1])}, {}, words.size() == 9};
    if (file.settled && !read_look(words, file.look, words[0] == "120000")) return {};
    state.files.emplace_hint(state.files.end(), fields[at + 1], std::move(file));
  }
  return state;
}

Result<WorkState> scan_work_tree(SyncStore& store, const IndexMap& index, WorkState before, const ScanOptions& options, const Patience& patience) {
  TRY(WorkScan(store, index, before, options, patience).everywhere());
  return before;
}

namespace {

// A look that begins where the last one ended.
class Looking {
 public:
  Looking(SyncStore& store, TreeMemory& memory, const UserIndex& index, const ScanOptions& options, const Patience& patience)
      : store_(store), memory_(memory), index_(index), options_(options), patience_(patience) {}

  Result<void> run(const std::shared_ptr<const UserIndex>& index) {
    auto changes = memory_.feed->changes();
    const bool doubts = Clock::now() - memory_.saw_all > longest_trust;
    const bool knows = !changes.everywhere && !doubts && memory_.state && memory_.excludes == store_.excludes();
    memory_.pending.merge(changes.paths);
    const bool other_rules = std::any_of(memory_.pending.begin(), memory_.pending.end(), [](const std::string& path) { return path == ".gitignore" || path.ends_with("/.gitignore"); });
    // A state that is being changed is nobody's until all of it is known.
    auto state = std::exchange(memory_.state, nullptr);
    if (!state) state = std::make_shared<WorkState>(load_scan(store_, false, patience_)), memory_.summed = false;
    WorkScan scan(store_, index_.entries, *state, options_, patience_);
    const bool everywhere = !knows || other_rules;
    if (everywhere) memory_.summed = false, memory_.saw_all = Clock::now();
    TRY(everywhere ? scan.everywhere() : scan.at(places(*state)));
    for (const auto& [path, before] : scan.news()) memory_.news.try_emplace(path, before);
    for (const auto& path : memory_.pending) memory_.directories.touched(path);
    const bool same_files = !everywhere && memory_.looked_with == index && memory_.losses == changes.losses;
    memory_.state = std::move(state);
    memory_.looked_with = index, memory_.excludes = store_.excludes(), memory_.losses = changes.losses;
    memory_.pending.clear();
    if (!same_files) find_unseen();
    return {};
  }

 private:
  std::set<std::string> places(const WorkState& state) const {
    auto places = memory_.pending;
    places.insert(memory_.unseen.begin(), memory_.unseen.end());
    for (const auto& [path, why] : state.skipped) places.insert(path);
    // What the index names counts, ignored or not.
    if (memory_.looked_with.get() != &index_)
      for (const auto& [path, entry] : index_.entries)
        if (!state.files.contains(path)) places.insert(path);
    return places;
  }

  void find_unseen() {
    const auto watched = memory_.feed->watched();
    std::map<std::string, bool> seen;
    // What comes where nothing is, is told by the directory above.
    const std::function<bool(const std::string&)> is_seen = [&](const std::string& path) {
      const auto slash = path.rfind('/');
      const auto directory = slash == std::string::npos ? std::string() : path.substr(0, slash);
      if (const auto known = seen.find(directory); known != seen.end()) return known->second;
      bool told = watched.contains(directory);
      if (!told && !directory.empty()) {
        const auto look = store_.tree().look(directory);
        told = look && look->kind == FileKind::none && is_seen(directory);
      }
      return seen[directory] = told;
    };
    const auto unseen = [&](const std::string& path) { return !is_seen(path); };
    memory_.unseen.clear();
    for (const auto& [path, file] : memory_.state->files)
      // Other names of a file may lie where nobody watches.
      if (file.look.links > 1 || unseen(path)) memory_.unseen.insert(path);
    for (const auto& [path, entry] : index_.entries)
      if (entry.mode != "160000" && unseen(path)) memory_.unseen.insert(path);
  }

  SyncStore& store_;
  TreeMemory& memory_;
  const UserIndex& index_;
  const ScanOptions& options_;
  const Patience& patience_;
};

}  // namespace

Result<std::shared_ptr<const WorkState>> look_at_tree(SyncStore& store, std::shared_ptr<const UserIndex> index, const ScanOptions& options, const Patience& patience) {
  auto* memory = store.memory();
  if (!memory || options.ignored) return std::make_shared<const WorkState>(TRY(scan_work_tree(store, index->entries, load_scan(store, options.ignored, patience), options, patience)));
  TRY(Looking(store, *memory, *index, options, patience).run(index));
  return std::shared_ptr<const WorkState>(memory->state);
}

Result<std::string> read_index_bytes(Disk& disk, const RepositoryPlace& place) {
  auto bytes = disk.read(place.git + "/index", 1ULL << 31);
  if (!bytes && bytes.error().fault == Fault::not_found) return std::string();
  return bytes;
}

Result<UserIndex> index_of(std::string bytes, const RepositoryPlace& place) {
  UserIndex index{.bytes = std::move(bytes)};
  index.sum = index_sum(index.bytes);
  index.entries = TRY(parse_index(index.bytes, place.sha256));
  for (const auto& [path, entry] : index.entries) {
    if (entry.skip_worktree) index.left_out.push_back(path);
    if (entry.mode == "160000") index.others.emplace(path, entry);
  }
  return index;
}

Result<UserIndex> read_user_index(Disk& disk, const RepositoryPlace& place) { return index_of(TRY(read_index_bytes(disk, place)), place); }

Result<std::shared_ptr<UserIndex>> user_index(SyncStore& store, bool with_bytes) {
  auto* memory = store.memory();
  if (!memory) return std::make_shared<UserIndex>(TRY(read_user_index(store.disk(), store.place())));
  const auto file = store.place().git + "/index";
  const auto stamp = stamp_of(file);
  const auto wants_bytes = [&] { return with_bytes && memory->index->bytes.empty() && (memory->index_summed != memory->index || memory->index_blob.empty()); };
  if (memory->index && memory->index_stamp == stamp && !wants_bytes()) return memory->index;
  const bool same = memory->index && TRY(index_sum_of_file(file)) == memory->index->sum;
  if (!same || wants_bytes()) {
    auto bytes = TRY(read_index_bytes(store.disk(), store.place()));
    if (same && index_sum(bytes) == memory->index->sum) memory->index->bytes = std::move(bytes);
    else memory->index = std::make_shared<UserIndex>(TRY(index_of(std::move(bytes), store.place())));
  }
  // A second change in the same moment would not show.
  const bool settled = stamp == stamp_of(file) && now_ns() - std::max(stamp.modified_ns, stamp.changed_ns) > unsettled_ns;
  memory->index_stamp = settled ? stamp : FileStamp{.exists = true};
  return memory->index;
}

void index_moved(SyncStore& store, const std::string& before, const std::vector<PathChange>& changes, const std::string& after) {
  auto* memory = store.memory();
  if (!memory || !memory->index || memory->index->sum != before) return;
  auto& index = *memory->index;
  // What is listed besides the entries is found again by reading.
  const bool plain = index.left_out.empty() && std::none_of(changes.begin(), changes.end(), [](const PathChange& change) { return change.before.mode == "160000" || change.after.mode == "160000"; });
  if (!plain) return memory->index.reset();
  for (const auto& [path, was, is] : changes) {
    index.entries.erase(path);
    if (is) index.entries.emplace(path, IndexEntry{is.mode, is.oid});
    memory->index_news.insert(path);
    // What the index names counts, ignored or not.
    memory->pending.insert(path);
  }
  index.sum = after, index.bytes = {};
  memory->index_blob.clear();
  memory->index_stamp = FileStamp{.exists = true};
}

std::string own_identity(WallTime now) { return cat("kra <kra@localhost> ", now.ms / 1000, " +0000"); }

}  // namespace kra
