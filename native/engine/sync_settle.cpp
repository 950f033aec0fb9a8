// After an apply: the intents, and what became of the files that lost their names.
#include <algorithm>
#include <map>
#include <set>

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/merge3.hpp"
#include "engine/sync_apply.hpp"
#include "engine/sync_intent.hpp"
#include "engine/work_scan.hpp"
#include "wire/msgpack.hpp"

namespace kra {
namespace {

const WireLimits intent_limits{.frame = 1U << 30, .elements = 10'000'000, .total = 64U << 20};

// From the reading of a file to the renaming over it.
constexpr std::int64_t put_back_grace_ms = 1'000;

std::string file_of(SyncStore& store, const std::string& id) { return store.file("intents/" + id); }

}  // namespace

Result<void> write_intent(SyncStore& store, const Intent& intent) {
  TRY(store.disk().make_directory(store.file("intents")));
  return store.disk().replace(file_of(store, intent.id), pack(to_value(intent)));
}

std::vector<Intent> read_intents(SyncStore& store) {
  std::vector<Intent> intents;
  const auto names = store.disk().list(store.file("intents"));
  if (!names) return intents;
  for (const auto& name : *names) {
    const auto bytes = store.disk().read(file_of(store, name), 1U << 30);
    const auto value = bytes ? unpack(*bytes, intent_limits) : Result<Value>(bytes.error());
    Intent intent;
    if (value && from_value(*value, intent) && intent.id == name) intents.push_back(std::move(intent));
  }
  return intents;
}

Result<void> drop_intent(SyncStore& store, const Intent& intent) { return store.disk().remove(file_of(store, intent.id)); }

std::vector<UnfinishedSync> unfinished_syncs(SyncStore& store) {
  std::vector<UnfinishedSync> found;
  for (auto& intent : read_intents(store))
    if (!intent.finished) found.push_back({intent.id, intent.base_ref, intent.work, intent.commit});
  return found;
}

Result<void> finish_intents(SyncStore& store) {
  for (auto& intent : read_intents(store)) {
    if (intent.finished) continue;
    intent.finished = true;
    TRY(write_intent(store, intent));
  }
  return {};
}

std::optional<std::string> merged_clean(const std::string& base, const std::string& ours, const std::string& theirs) {
  for (const auto* text : {&base, &ours, &theirs})
    if (text->find('\0') != std::string::npos) return std::nullopt;
  auto merged = merge_texts(base, ours, theirs);
  return merged.conflicts == 0 ? std::optional(std::move(merged.text)) : std::nullopt;
}

namespace {

class Settling {
 public:
  Settling(SyncStore& store, const std::string& device, const Patience& patience) : store_(store), device_(device), patience_(patience) {}

  Result<Settled> run() {
    const auto present = TRY(store_.tree().slots());
    std::set<std::string> left;
    // What was never whole never had a name in the work tree.
    for (const auto& name : present)
      if (name.ends_with(unfinished_slot)) TRY(store_.tree().drop_unfinished(name));
      else left.insert(name);
    for (const auto& intent : read_intents(store_)) {
      bool all = true;
      remember(intent, left);
      for (const auto& slot : intent.slots) {
        for (auto at = left.lower_bound(slot.name + "."); at != left.end() && at->starts_with(slot.name + "."); at = left.erase(at)) all = TRY(settle_put_back(slot, *at)) && all;
        if (left.erase(slot.name) == 0) continue;
        all = TRY(settle(slot)) && all;
      }
      if (all && intent.finished) TRY(drop_intent(store_, intent));
    }
    // Of an intent that cannot be read: kept in the store.
    for (const auto& name : left) TRY(settle({name, "", "", ""}));
    return std::move(settled_);
  }

 private:
  // Not longer than this for a file that is being written: it is looked at again next time.
  Patience brief() const { return {std::min(patience_.until, Clock::now() + Milliseconds(20)), patience_.stop}; }

  // What the slots are expected to hold, in one call of git.
  void remember(const Intent& intent, const std::set<std::string>& present) {
    std::set<std::string> wanted;
    for (const auto& slot : intent.slots)
      if (const auto at = present.lower_bound(slot.name); at != present.end() && at->starts_with(slot.name)) wanted.insert({slot.before, slot.after});
    wanted.erase("");
    blobs_.clear();
    const std::vector<std::string> oids(wanted.begin(), wanted.end());
    auto bytes = read_blobs(store_.git(), oids, patience_);
    for (std::size_t at = 0; bytes && at < oids.size(); ++at) blobs_[oids[at]] = std::move((*bytes)[at]);
  }

  // True when the slot is empty now.
  Result<bool> settle(const Intent::Slot& slot) {
    auto content = store_.tree().read_slot(slot.name, brief());
    if (!content && content.error().fault == Fault::not_found) return true;
    if (!content && content.error().fault == Fault::refused) return give_back(slot);
    if (!content) return ++settled_.waiting, false;
    if (!is_known(slot, *content)) TRY(rescue(slot, *content));
    if (auto dropped = store_.tree().drop_slot(slot.name, *content); !dropped) return ++settled_.waiting, false;
    return ++settled_.dropped, true;
  }

  // What was put back, by its second name. As long as a writer may be about to rename over it that name stays.
  Result<bool> settle_put_back(const Intent::Slot& slot, const std::string& name) {
    const auto since = parse_int(std::string_view(name).substr(name.rfind('-') + 1)).value_or(0);
    if (const auto age = wall_now().ms - since; age >= 0 && age < put_back_grace_ms) return ++settled_.waiting, false;
    const auto kept = store_.tree().read_slot(name, brief());
    if (!kept && kept.error().fault == Fault::not_found) return true;
    if (!kept) return ++settled_.waiting, false;
    const auto now = store_.tree().look(slot.path);
    const bool in_place = now && now->inode == kept->look.inode && now->device == kept->look.device;
    if (!in_place && !is_known(slot, *kept)) TRY(rescue({name, slot.path, slot.before, slot.after}, *kept));
    if (auto dropped = store_.tree().drop_slot(name, *kept); !dropped) return ++settled_.waiting, false;
    return ++settled_.dropped, true;
  }

  // A directory.
  bool give_back(const Intent::Slot& slot) {
    const auto path = slot.path.empty() ? cat("recovered-", slot.name.substr(0, 8)) : slot.path;
    for (const auto& name : {path, conflict_name(path, device_, slot.name)}) {
      if (const auto slash = name.rfind('/'); slash != std::string::npos) (void)store_.tree().make_directory(name.substr(0, slash));
      if (store_.tree().give_back(slot.name, name)) return settled_.rescued.push_back(name), true;
    }
    return ++settled_.waiting, false;
  }

  bool is_known(const Intent::Slot& slot, const FileContent& content) const {
    for (const auto& oid : {slot.before, slot.after})
      if (const auto blob = blobs_.find(oid); blob != blobs_.end() && blob->second == content.bytes) return true;
    return false;
  }

  Result<void> rescue(const Intent::Slot& slot, const FileContent& content) {
    Import import;
    const int blob = import.blob(content.bytes);
    const auto ref = cat("refs/kra/recovered/", slot.name);
    import.commit({.ref = ref, .committer = own_identity(wall_now()), .message = slot.path,
                   .changes = {{slot.path.empty() ? "recovered" : slot.path, content.link ? "120000" : "100644", Import::mark_text(blob)}}});
    const auto written = TRY(import.run(store_.git(), patience_));
    if (slot.path.empty() || content.link) return {};
    auto merged = merge_in(slot, content);
    if (merged && *merged) return settled_.rescued.push_back(slot.path), Result<void>{};
    const auto beside = conflict_name(slot.path, device_, written.oids.at(blob));
    if (const auto slash = beside.rfind('/'); slash != std::string::npos) TRY(store_.tree().make_directory(beside.substr(0, slash)));
    auto put = write(beside, content.bytes, content.look.executable(), std::nullopt);
    if (!put && put.error().fault != Fault::conflict) return put;
    settled_.rescued.push_back(beside);
    return {};
  }

  // True: the path holds the bytes, merged with what is there now.
  Result<bool> merge_in(const Intent::Slot& slot, const FileContent& content) {
    auto now = store_.tree().read(slot.path, 1ULL << 30, brief());
    if (!now && now.error().fault == Fault::not_found) {
      if (const auto slash = slot.path.rfind('/'); slash != std::string::npos) TRY(store_.tree().make_directory(slot.path.substr(0, slash)));
      return write(slot.path, content.bytes, content.look.executable(), std::nullopt).ok();
    }
    if (!now || now->link) return false;
    if (now->bytes == content.bytes) return true;
    for (const auto& base : {slot.before, slot.after}) {
      if (base.empty()) continue;
      auto bytes = read_blobs(store_.git(), {base}, patience_);
      if (!bytes) continue;
      auto merged = merged_clean(bytes->front(), now->bytes, content.bytes);
      if (merged) return write(slot.path, *merged, now->look.executable(), *now).ok();
    }
    return false;
  }

  Result<void> write(const std::string& path, const std::string& bytes, bool executable, const std::optional<FileContent>& known) {
    Intent intent{.id = store_.new_slot(), .finished = true};
    Import import;
    const int before = known ? import.blob(known->bytes) : 0;
    const int after = import.blob(bytes);
    import.commit({.ref = {}, .committer = own_identity(wall_now()), .message = path,
                   .changes = {{"after", "100644", Import::mark_text(after)}, {"before", "100644", Import::mark_text(known ? before : after)}}});
    const auto written = TRY(import.run(store_.git(), patience_));
    intent.slots.push_back({store_.new_slot(), path, known ? written.oids.at(before) : "", written.oids.at(after)});
    TRY(write_intent(store_, intent));
    return store_.tree().put(path, {.bytes = bytes, .executable = executable}, known, intent.slots.front().name);
  }

  SyncStore& store_;
  const std::string& device_;
  const Patience& patience_;
  std::map<std::string, std::string> blobs_;
  Settled settled_;
};

}  // namespace

Result<Settled> settle_slots(SyncStore& store, const std::string& device, const Patience& patience) { return Settling(store, device, patience).run(); }

}  // namespace kra
