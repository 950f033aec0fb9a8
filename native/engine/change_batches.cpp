#include "engine/change_batches.hpp"

#include <algorithm>

namespace kra {

void ChangeBatches::add(const std::string& root, ToldChange change, Instant now, Milliseconds wait) {
  auto& place = roots_[root];
  if (!place.due) place.due = place.told ? std::max(now + wait, *place.told + interval_) : now + wait;
  if (change.kind == ChangeKind::rename) {
    // Made in this batch and renamed in it: made under the new name.
    auto old = place.changes.find(change.from);
    if (old != place.changes.end()) {
      if (old->second.kind == ChangeKind::create) change.kind = ChangeKind::create, change.from.clear();
      if (old->second.kind == ChangeKind::rename) change.from = old->second.from;
      place.changes.erase(old);
    }
  }
  auto [at, is_new] = place.changes.try_emplace(change.path, change);
  if (is_new) return;
  auto before = at->second.kind;
  if (before == ChangeKind::create && change.kind == ChangeKind::remove) return void(place.changes.erase(at));
  auto from = at->second.from;
  auto kind = before == ChangeKind::create && change.kind == ChangeKind::modify   ? ChangeKind::create
              : before == ChangeKind::rename && change.kind == ChangeKind::modify ? ChangeKind::rename
              : before == ChangeKind::remove && change.kind == ChangeKind::create ? ChangeKind::modify
                                                                                  : change.kind;
  if (kind != ChangeKind::rename) from.clear();
  if (change.kind == ChangeKind::rename) from = change.from;
  at->second = std::move(change);
  at->second.kind = kind;
  at->second.from = std::move(from);
}

void ChangeBatches::release(const std::string& root, Instant due) {
  if (held_.erase(root) == 0) return;
  auto place = roots_.find(root);
  if (place != roots_.end() && place->second.due) place->second.due = std::max(*place->second.due, due);
}

std::optional<Instant> ChangeBatches::due_of(const std::string& root, const Root& place) const {
  auto held = held_.find(root);
  return place.due && held != held_.end() ? std::max(*place.due, held->second) : place.due;
}

std::optional<Instant> ChangeBatches::due() const {
  std::optional<Instant> first;
  for (const auto& [root, place] : roots_)
    if (auto due = due_of(root, place); due && (!first || *due < *first)) first = due;
  return first;
}

std::vector<ChangeBatch> ChangeBatches::ring(Instant now) {
  std::vector<ChangeBatch> batches;
  for (auto at = roots_.begin(); at != roots_.end();) {
    auto& place = at->second;
    if (auto due = due_of(at->first, place); !due || *due > now) {
      // Long quiet: nothing need be known any more.
      bool over = !place.due && (!place.told || *place.told + interval_ <= now);
      at = over ? roots_.erase(at) : std::next(at);
      continue;
    }
    place.due = std::nullopt;
    if (place.changes.empty()) {
      ++at;
      continue;
    }
    ChangeBatch batch{.root = at->first};
    for (auto& [path, change] : place.changes) batch.changes.push_back(std::move(change));
    place.changes.clear();
    auto only = batch.changes.size() == 1 ? batch.changes[0].path : "";
    bool alone = !place.told || *place.told + interval_ <= now || place.last == only;
    // Right after the interval of a batch is not alone either: it waited for that.
    bool waited = place.told && now - *place.told < 2 * interval_ && place.last != only;
    batch.single = !only.empty() && alone && !waited;
    place.told = now;
    place.last = only;
    batches.push_back(std::move(batch));
    ++at;
  }
  return batches;
}

}  // namespace kra
