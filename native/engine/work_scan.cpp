#include "engine/work_scan.hpp"

#include <set>

#include "base/text.hpp"
#include "engine/privacy.hpp"

namespace kra {
namespace {

// Coarser than the clock of any file system that can lie about a second change.
constexpr std::int64_t unsettled_ns = 2'100'000'000;
// Bytes gathered before they are handed to git.
constexpr std::size_t batch_bytes = 64U << 20;

const char* ref_of(bool ignored) { return ignored ? "refs/kra/work-ignored" : "refs/kra/work"; }

std::int64_t now_ns() { return wall_now().ms * 1'000'000; }

class Scan {
 public:
  Scan(SyncStore& store, const IndexMap& index, WorkState before, const ScanOptions& options, const Patience& patience)
      : store_(store), index_(index), state_(std::move(before)), options_(options), patience_(patience) {}

  Result<WorkState> run() {
    state_.skipped.clear();
    state_.changed = 0;
    TRY(candidates());
    for (const auto& path : paths_) TRY(visit(path));
    TRY(finish());
    return std::move(state_);
  }

 private:
  Result<void> candidates() {
    if (!options_.paths.empty()) {
      for (const auto& path : options_.paths) add_below(path);
      return {};
    }
    for (const auto& [path, entry] : index_)
      if (entry.mode != "160000") paths_.insert(path);
    for (const auto& [path, file] : state_.files) paths_.insert(path);
    return list_others({});
  }

  // A path that was named: itself, and what was known below it.
  void add_below(const std::string& path) {
    paths_.insert(path);
    const auto prefix = path + "/";
    for (auto at = state_.files.lower_bound(prefix); at != state_.files.end() && at->first.starts_with(prefix); ++at) paths_.insert(at->first);
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
      if (file.entry != read.before) changes_.push_back({read.path, file.entry.mode, file.entry.oid});
    }
    pending_.clear();
  }

  Result<void> finish() {
    for (const auto& path : gone_) state_.files.erase(path), changes_.push_back({path, "", ""});
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
    const int commit = import_.commit({.ref = ref_of(options_.ignored), .committer = own_identity(wall_now()), .message = "work tree", .changes = std::move(all)});
    auto written = TRY(import_.run(store_.git(), patience_));
    note_pending(written);
    state_.changed = changes_.size();
    state_.commit = written.oids[commit];
    state_.tree = written.trees[commit];
    return save_scan();
  }

  Result<void> save_scan();

  SyncStore& store_;
  const IndexMap& index_;
  WorkState state_;
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
};

// One line for each file: what it looked like, NUL, its path, NUL. The first line is the commit and tree that this belongs to.
std::string line_of(const std::string& path, const ScannedFile& file) {
  const auto& look = file.look;
  return cat(file.entry.mode, " ", file.entry.oid, " ", look.permissions, " ", look.size, " ", look.modified_ns, " ", look.changed_ns, " ", look.inode, " ",
             look.device, " ", look.links, std::string_view("\0", 1), path, std::string_view("\0", 1));
}

Result<void> Scan::save_scan() {
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
  return Scan(store, index, std::move(before), options, patience).run();
}

Result<UserIndex> read_user_index(Disk& disk, const RepositoryPlace& place) {
  UserIndex index;
  auto bytes = disk.read(place.git + "/index", 1ULL << 31);
  if (!bytes && bytes.error().fault != Fault::not_found) return std::move(bytes.error());
  if (bytes) index.bytes = std::move(*bytes);
  index.entries = TRY(parse_index(index.bytes, place.sha256));
  return index;
}

std::string own_identity(WallTime now) { return cat("kra <kra@localhost> ", now.ms / 1000, " +0000"); }

}  // namespace kra
