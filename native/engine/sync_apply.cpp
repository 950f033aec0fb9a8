#include "engine/sync_apply.hpp"

#include <algorithm>
#include <set>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/sync_intent.hpp"

namespace kra {
namespace {

// Blobs are read this many at a time.
constexpr std::size_t batch = 256;

class Applying {
 public:
  Applying(SyncStore& store, const ApplyRequest& request, const Patience& patience) : store_(store), request_(request), patience_(patience) {}

  Result<Applied> run() {
    order();
    if (steps_.empty()) return Applied{};
    TRY(write_intent(store_, intent_));
    for (std::size_t at = 0; at < steps_.size(); at += batch) TRY(apply_batch(at, std::min(steps_.size(), at + batch)));
    return std::move(applied_);
  }

 private:
  struct Step {
    const PathChange* change;
    std::string slot;
  };

  // What goes first, deepest first, so that a directory may become a file; then what comes.
  void order() {
    intent_ = {.id = store_.new_slot(), .base_ref = request_.base_ref, .work = request_.work, .commit = request_.commit, .finished = request_.commit.empty()};
    const auto& changes = request_.changes;
    for (auto at = changes.rbegin(); at != changes.rend(); ++at)
      if (!at->after) add(*at);
    for (const auto& change : changes)
      if (change.after) add(change);
  }

  void add(const PathChange& change) {
    // Other repositories have a sync of their own.
    if (change.before.mode == "160000" || change.after.mode == "160000") return;
    steps_.push_back({&change, store_.new_slot()});
    intent_.slots.push_back({steps_.back().slot, change.path, change.before.oid, change.after.oid});
  }

  Result<void> apply_batch(std::size_t from, std::size_t to) {
    std::vector<std::string> oids;
    for (auto at = from; at < to; ++at)
      for (const auto* entry : {&steps_[at].change->before, &steps_[at].change->after})
        if (*entry) oids.push_back(entry->oid);
    auto blobs = read_blobs(store_.git(), oids, patience_);
    // Some paths may have been written already: the rest is left, and named.
    if (!blobs && from == 0) return std::move(blobs.error());
    if (blobs && request_.announce) announce(from, to, *blobs);
    std::size_t next = 0;
    for (auto at = from; at < to; ++at) {
      const auto& change = *steps_[at].change;
      std::string before, after;
      if (blobs && change.before) before = std::move((*blobs)[next++]);
      if (blobs && change.after) after = std::move((*blobs)[next++]);
      auto outcome = !blobs ? Result<void>(blobs.error()) : patience_.stop.stop_requested() ? Result<void>(Error{Fault::timed_out, "stopped"})
                                                                                         : apply(change, steps_[at].slot, before, after);
      if (outcome) applied_.paths.push_back(change.path);
      else applied_.left.push_back({change.path, outcome.error().fault, outcome.error().what});
    }
    return {};
  }

  void announce(std::size_t from, std::size_t to, const std::vector<std::string>& blobs) {
    std::size_t next = 0;
    for (auto at = from; at < to; ++at) {
      const auto& change = *steps_[at].change;
      if (change.before) ++next;
      request_.announce(change.path, change.after ? &blobs[next++] : nullptr);
    }
    request_.announced();
  }

  Result<void> apply(const PathChange& change, const std::string& slot, std::string& before, std::string& after) {
    const auto& tree = store_.tree();
    std::optional<FileContent> known;
    if (change.before) known = FileContent{change.before.mode == "120000", std::move(before), {}};
    if (!change.after) {
      TRY(tree.remove(change.path, *known, slot));
      remove_empty_parents(change.path);
      return {};
    }
    if (const auto slash = change.path.rfind('/'); slash != std::string::npos) TRY(tree.make_directory(change.path.substr(0, slash)));
    const auto exact = request_.permissions ? request_.permissions(change.path) : std::nullopt;
    const WantedFile wanted{change.after.mode == "120000", after, change.after.mode == "100755", exact};
    auto put = tree.put(change.path, wanted, known, slot);
    if (put || put.error().fault != Fault::refused || known) return put;
    // A directory of which only empty directories are left may give way.
    if (!remove_empty_below(change.path)) return put;
    return tree.put(change.path, wanted, known, slot);
  }

  void remove_empty_parents(const std::string& path) {
    for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1)) {
      const auto removed = store_.tree().remove_directory(path.substr(0, slash));
      if (!removed || !*removed) return;
    }
  }

  bool remove_empty_below(const std::string& directory) {
    const auto names = store_.tree().list(directory);
    if (!names) return false;
    for (const auto& name : *names)
      if (!name.directory || !remove_empty_below(cat(directory, "/", name.name))) return false;
    const auto removed = store_.tree().remove_directory(directory);
    return removed && *removed;
  }

  SyncStore& store_;
  const ApplyRequest& request_;
  const Patience& patience_;
  std::vector<Step> steps_;
  Intent intent_;
  Applied applied_;
};

}  // namespace

Result<Applied> apply_changes(SyncStore& store, const ApplyRequest& request, const Patience& patience) { return Applying(store, request, patience).run(); }

std::string conflict_name(const std::string& path, const std::string& device, const std::string& oid) {
  const auto slash = path.rfind('/');
  const auto name_at = slash == std::string::npos ? 0 : slash + 1;
  auto dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name_at) dot = path.size();
  return cat(path.substr(0, dot), ".conflict-", device, "-", oid.substr(0, 8), path.substr(dot));
}

}  // namespace kra
