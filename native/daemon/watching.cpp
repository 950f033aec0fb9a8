#include "daemon/watching.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "engine/hunks.hpp"

namespace kra {

static constexpr std::size_t text_budget = 64U << 20;
// git lets go of the index before it writes what it did; a lock that stays is nobody's.
static constexpr Milliseconds after_git{50}, longest_git{60'000};
static constexpr Milliseconds slice{4}, poll_pause{2'000}, put_off{250}, long_put_off{1000}, longest_put_off{5000};

static Milliseconds setting_ms(const SettingsFile& settings, const char* name) {
  return Milliseconds(settings.loaded().of(name).value.number_or(100));
}

Watching::Watching(Loop& loop, Server& clients, SettingsFile& settings, Disk& disk, const Paths& paths)
    : loop_(loop),
      clients_(clients),
      settings_(settings),
      disk_(disk),
      paths_(paths),
      texts_(text_budget),
      batches_(setting_ms(settings, "live.throttle_ms")),
      journal_(disk, paths),
      files_lane_(loop),
      slow_lane_(loop),
      journal_lane_(loop) {
  apply_settings();
}

void Watching::apply_settings() {
  settle_.retime(setting_ms(settings_, "live.delete_delay_ms"));
  batches_.retime(setting_ms(settings_, "live.throttle_ms"));
}

// The user's one queue is made when the first file or root is to be watched. KRA_WATCH=poll is for tests.
bool Watching::start() {
  if (tree_) return system_.has_value();
  const char* forced = std::getenv("KRA_WATCH");
  auto opened = forced && std::string_view(forced) == "poll" ? Result<DirectoryWatch>(Error{Fault::unavailable, "KRA_WATCH is poll"}) : DirectoryWatch::open();
  if (opened) {
    system_.emplace(std::move(*opened));
    readable_.emplace(loop_, system_->fd(), [this](int) { told_ = true; });
    readable_->want(UV_READABLE);
  } else {
    no_inotify_ = opened.error().what;
  }
  auto limit = directory_watch_limit();
  tree_.emplace(system_ ? &*system_ : nullptr, disk_, limit / 4, [this](const std::string& path) {
    const auto* file = files_.find(path);
    return file ? std::optional<bool>(file->state.exists) : std::nullopt;
  });
  return system_.has_value();
}

// --- time ---------------------------------------------------------------------------------------------------------------------------------

std::optional<Instant> Watching::due() const {
  if (!tree_) return std::nullopt;
  std::optional<Instant> first = poll_;
  for (auto candidate : {settle_.due(), tells() ? batches_.due() : std::nullopt, tree_->due()})
    if (candidate && (!first || *candidate < *first)) first = candidate;
  // The next slice of work; others have their turn before it.
  if (tree_->working() || !unloaded_.empty()) first = Clock::now();
  return first;
}

// What was lost, and what is being looked at, is told with all that is found, not one by one.
bool Watching::tells() const { return !tree_->doubtful() && unloaded_.empty() && arrived_.empty() && files_lane_.unanswered() == 0; }

void Watching::take(Instant now) {
  if (!tree_) return;
  if (std::exchange(told_, false)) drain(now);
  for (auto& judge : std::exchange(arrived_, {})) judge();
  settle(now);
  if (!waiting_.empty() && !tree_->working()) answer_ready();
  if (tree_->blind() == 0) poll_ = std::nullopt;
  else if (!poll_) poll_ = now + poll_pause;
}

void Watching::ring(Instant now) {
  if (!tree_) return;
  TreeEvents events;
  tree_->ring(events, now);
  if (tree_->working()) tree_->work(events, Clock::now() + slice);
  take_events(std::move(events), Clock::now());
  settle(Clock::now());
  if (tells())
    for (const auto& batch : batches_.ring(now)) tell_batch(batch);
  if (!poll_ || *poll_ > now) return;
  poll_ = now + poll_pause;
  look_again(false);
}

void Watching::drain(Instant now) {
  TreeEvents events;
  tree_->drain(events, now);
  if (tree_->overflows() != overflows_) {
    overflows_ = tree_->overflows();
    tell_lost();
    // What somebody has loaded comes first.
    look_again(true);
  }
  // New directories are read at once: what lies in them is as urgent as what is told.
  if (tree_->working()) tree_->work(events, Clock::now() + slice);
  take_events(std::move(events), now);
}

void Watching::take_events(TreeEvents events, Instant now) {
  using What = TreeEvent::What;
  for (auto& event : events) {
    switch (event.what) {
      case What::closed: settle_.closed(event.path, event.root, event.known, now); break;
      case What::touched: settle_.touched(event.path, event.root, event.known, now); break;
      case What::gone: settle_.gone(event.path, event.root, now); break;
      case What::moved:
        if (files_.find(event.from)) settle_.in_use(event.from);
        settle_.moved(event.from, event.path, event.root, event.known, now);
        break;
      case What::git_begins:
        settle_.git(event.root, true, now);
        batches_.hold(event.root, now + longest_git);
        if (reflogs_.count(event.root) == 0) reflogs_[event.root] = reflog_of(event.root);
        break;
      case What::git_ends:
        settle_.git(event.root, false, now);
        batches_.release(event.root, now + after_git);
        break;
      case What::head_moved: break;
      case What::returned:
        files_.each_in(event.path, [&](const std::string& path, const LoadedFile& file) { settle_.closed(path, file.root, file.state.exists, now); });
        break;
    }
  }
}

// --- looking ------------------------------------------------------------------------------------------------------------------------------

void Watching::settle(Instant now) {
  std::vector<Look> looks, slow;
  for (auto& change : settle_.ring(now)) {
    bool loaded = files_.find(change.path) || (!change.from.empty() && files_.find(change.from));
    if (loaded) {
      auto& list = is_slow(change.path) ? slow : looks;
      list.push_back({.path = change.path, .from = change.from, .kind = change.kind, .of_git = change.of_git, .root = change.root, .known = {}});
      continue;
    }
    // Nobody has it, but somebody said what he would write there: its bytes tell whether it was him.
    if (change.kind != ChangeKind::rename && echo_.has_claims(change.path)) {
      looks.push_back({.path = change.path, .from = {}, .kind = change.kind, .of_git = change.of_git, .root = change.root, .known = {}});
      continue;
    }
    unloaded_.push_back(std::move(change));
  }
  // What somebody has loaded is read while the rest is looked at.
  post(files_lane_, std::move(looks));
  post(slow_lane_, std::move(slow));
  take_changes(Clock::now() + slice);
}

void Watching::take_changes(Instant until) {
  for (int count = 1; !unloaded_.empty(); ++count) {
    auto change = std::move(unloaded_.front());
    unloaded_.pop_front();
    auto stamp = change.kind == ChangeKind::remove ? FileStamp() : stamp_of(change.path);
    add_change(change, change.of_git ? "git" : "external", {stamp.exists, {}, {}, stamp.size}, {});
    if (count % 16 == 0 && Clock::now() >= until) break;
  }
  tell_watchers();
}

void Watching::post(Lane& lane, std::vector<Look> looks) {
  if (looks.empty()) return;
  auto began = echo_.now();
  for (const auto& look : looks) ++looking_[look.path];
  auto read = [looks = std::move(looks)](std::stop_token) {
    std::vector<Seen> seen;
    for (const auto& look : looks) {
      Seen one{look, {}, {}};
      one.same = !look.known.empty() && stamp_of(look.path).identity() == look.known;
      if (!one.same) one.file = read_stable(look.path, text_limit);
      one.hash = hash_of(one.file);
      seen.push_back(std::move(one));
    }
    return seen;
  };
  lane.post(std::move(read), [this, began](std::vector<Seen> seen) {
    arrived_.push_back([this, began, seen = std::move(seen)]() mutable { take_seen(std::move(seen), began); });
  });
}

// All that is loaded, or what the system does not tell of.
void Watching::look_again(bool at_all) {
  std::vector<Look> looks, slow;
  for (const auto& [path, file] : files_.all()) {
    if (!at_all && tree_->tells_of(directory_part(path))) continue;
    auto& list = is_slow(path) ? slow : looks;
    list.push_back({.path = path, .from = {}, .kind = ChangeKind::modify, .of_git = false, .root = {}, .known = at_all ? "" : file.state.identity, .after_loss = at_all});
  }
  post(files_lane_, std::move(looks));
  if (slow_lane_.unanswered() == 0) post(slow_lane_, std::move(slow));
}

void Watching::take_seen(std::vector<Seen> seen, std::uint64_t began) {
  auto now = Clock::now();
  // What happened while they were read is known before they are judged.
  drain(now);
  for (auto& one : seen) {
    bool last = --looking_[one.look.path] <= 0;
    if (last) looking_.erase(one.look.path);
    if (one.same) continue;
    // Half a state, perhaps; the next look follows. A writer who never rests is waited for a while; then what counts is that the file is whole
    // and still what was read.
    bool open = one.file.open || settle_.open(one.look.path);
    // After a loss what is told still is of before: a whole file counts, and the rest is found out when it has been taken.
    bool whole = one.look.after_loss && one.file.read && one.file.stamp.size > 0 && !one.file.open && stamp_of(one.look.path).identity() == one.file.stamp.identity();
    if (!whole && (!last || open || settle_.unsettled(one.look.path)) && one.look.kind != ChangeKind::rename) {
      auto first = put_off_.try_emplace(one.look.path, now).first->second;
      bool same = stamp_of(one.look.path).identity() == one.file.stamp.identity();
      // Open and shorter than it was: somebody writes it anew and has come so far. What grows is a log, and has no end.
      const auto* known = files_.find(one.look.path);
      bool shorter = open && one.file.stamp.size < (known && known->state.exists ? known->state.size : 1);
      auto limit = same && !shorter ? put_off : echo_.has_claims(one.look.path) ? longest_put_off : long_put_off;
      if (now - first < limit) {
        // Whoever has it open may close it without another word.
        if (one.file.open && last && !settle_.unsettled(one.look.path)) settle_.touched(one.look.path, files_.find(one.look.path) ? files_.find(one.look.path)->root : one.look.root, true, now);
        continue;
      }
    }
    put_off_.erase(one.look.path);
    take_one(std::move(one), began, now);
  }
  settle(now);
}

void Watching::take_rename(const Look& look) {
  auto* file = files_.find(look.from);
  if (!file) return;
  auto old_root = file->root;
  auto root = work_tree_of(disk_, directory_part(look.path)).root;
  bool known = files_.find(look.path) != nullptr;
  auto before = directory_part(look.from), after = directory_part(look.path);
  bool went_along = !tree_->holds_directory(before);
  if (!known && !went_along) tree_->hold_directory(after);
  if (!known && !keeps_out(root)) tree_->hold_root(root);
  files_.rename(look.from, look.path);
  files_.find(look.path)->root = root;
  if (!went_along || known) tree_->release_directory(went_along ? after : before);
  if (!keeps_out(old_root)) tree_->release_root(old_root);
}

static ToldChange detail_of(const Texts::Text& before, const std::string* after) {
  ToldChange detail;
  if (!before || !after) return detail;
  for (const auto& change : buffer_changes(*before, *after)) {
    if (detail.line == 0) detail.line = static_cast<int>(change.after.first) + 1;
    detail.removed += static_cast<int>(change.before.last - change.before.first);
    detail.added += static_cast<int>(change.after.last - change.after.first);
  }
  return detail;
}

static const char* writer_of(const Echo::Claimed& claimed, bool of_git) {
  return claimed.claimed ? (claimed.writer == 0 ? "sync" : "editor") : of_git ? "git" : "external";
}

void Watching::take_unloaded(const Seen& seen, std::uint64_t began) {
  if (seen.look.root.empty()) return;
  auto state = state_of(seen.file, seen.hash);
  auto claimed = echo_.judge(seen.look.path, state.hash, state.size, began);
  ToldChange detail;
  detail.by = claimed.writer;
  add_change({seen.look.kind, seen.look.path, {}, seen.look.root, seen.look.of_git}, writer_of(claimed, seen.look.of_git), state, detail);
}

void Watching::take_one(Seen seen, std::uint64_t began, Instant) {
  const auto& look = seen.look;
  bool renamed = look.kind == ChangeKind::rename && files_.find(look.from);
  if (renamed) take_rename(look);
  auto* file = files_.find(look.path);
  // In a directory that we may not look into: nothing is known, and nothing has happened.
  if (seen.file.hidden) return;
  if (!file) return take_unloaded(seen, began);
  auto state = state_of(seen.file, seen.hash);
  auto before = std::exchange(file->state, state);
  bool first = !std::exchange(file->looked_at, true);
  auto claimed = echo_.judge(look.path, state.hash, state.size, began);
  bool same = state.hash.empty() && before.hash.empty() ? state.identity == before.identity : state.hash == before.hash;
  bool silent = look.untold && !first && !same && before.exists && state.exists && !settle_.unsettled(look.path);
  if (silent && tree_->is_watched(directory_part(look.path))) tree_->disbelieve(directory_part(look.path));
  auto before_text = texts_.find(before.hash);
  if (seen.file.read) texts_.keep(seen.hash, seen.file.bytes);
  // The same as at the last look may be news all the same, to whoever has written something else in between.
  bool news = std::any_of(file->holders.begin(), file->holders.end(), [&](const auto& each) { return !each.second.has.empty() && each.second.has != state.hash; });
  if (first || (same && !news && state.exists == before.exists && !renamed)) return;
  auto kind = renamed ? ChangeKind::rename : !before.exists ? ChangeKind::create : state.exists ? ChangeKind::modify : ChangeKind::remove;
  auto writer = writer_of(claimed, look.of_git);
  auto noted = std::string_view(writer) == "external" ? noted_by(look.path, wall_now().ms) : "";
  const auto* text = seen.file.read ? &seen.file.bytes : nullptr;
  auto detail = detail_of(before_text, text);
  detail.by = claimed.writer;
  tell_holders(*file, kind, look.from, noted.empty() ? writer : noted, claimed, began, text);
  add_change({kind, look.path, renamed ? look.from : "", file->root, look.of_git}, writer, state, detail);
}

}  // namespace kra
