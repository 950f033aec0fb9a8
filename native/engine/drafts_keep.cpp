// What happens to journals later: folded, moved home, expired, forgotten. All under the lock that their writers take.
#include <algorithm>

#include "base/text.hpp"
#include "engine/draft_appender.hpp"
#include "engine/draft_net.hpp"
#include "engine/drafts.hpp"
#include "wire/msgpack.hpp"

namespace kra {

static std::string frame_of(DraftType type, std::uint64_t seq, Value map) {
  std::string frame;
  append_frame(frame, type, pack(Value(Value::Array{seq, std::move(map)})));
  return frame;
}

// A text as it is now, in the pieces that a text has.
static void add_text(std::string& out, const DraftBuffer& buffer, const std::string& text) {
  constexpr std::size_t piece = 1U << 20;
  std::size_t part = 0;
  for (std::size_t from = 0; part == 0 || from < text.size(); from += piece, ++part) {
    Value map = part == 0 ? buffer.meta : Value(Value::Map{});
    map.set("buffer", buffer.id);
    map.set("scan", 0);
    map.set("part", static_cast<std::uint64_t>(part));
    map.set("final", from + piece >= text.size());
    map.set("text", std::string_view(text).substr(from, piece));
    map.set("at", buffer.at);
    if (part == 0) map.set("last", buffer.last_seq);
    out += frame_of(DraftType::text, 0, std::move(map));
  }
}

static bool is_done(const DraftBuffer& buffer) { return buffer.why == "saved" || buffer.why == "closed"; }

// A journal that is not wholly understood, or holds edits of a file that is not here, stays as it is.
static bool can_fold(const DraftJournal& journal) {
  return !journal.editor.is_nil() && journal.damaged_bytes == 0 && journal.lost_records == 0 && journal.caught == 0 &&
         std::all_of(journal.buffers.begin(), journal.buffers.end(), [](const auto& entry) {
           const auto& buffer = entry.second;
           return is_done(buffer) || (buffer.lines && !buffer.base_only && buffer.edits_lost == 0);
         });
}

static std::string folded(const DraftJournal& journal) {
  auto out = frame_of(DraftType::editor, 0, journal.editor);
  for (const auto& [id, buffer] : journal.buffers) {
    if (is_done(buffer)) continue;
    // An undo file belongs to the text before it.
    if (!buffer.undo_file.empty()) {
      add_text(out, buffer, buffer.undo_text);
      out += frame_of(DraftType::undo, 0, Value::Map{{"buffer", id}, {"file", buffer.undo_file}});
    }
    add_text(out, buffer, buffer.lines->text());
    if (!buffer.why.empty()) out += frame_of(DraftType::end, 0, Value::Map{{"buffer", id}, {"why", buffer.why}});
  }
  return out + frame_of(DraftType::base, journal.last_seq, Value::Map{{"upto", journal.last_seq}});
}

// The long work is done while others may add; under the lock only what came meanwhile is taken over.
Result<std::uint64_t> Drafts::compact(const std::string& client, std::uint64_t least_bytes) {
  auto path = first(client);
  if (auto info = TRY(disk_.info(path)); info.size < least_bytes || disk_.info(second(client))) return info.size;
  auto bytes = TRY(disk_.read(path, draft_journal_limit));
  auto size = static_cast<std::uint64_t>(bytes.size());
  auto journal = replay({bytes}, true, text_files());
  if (!can_fold(journal)) return size;
  auto smaller = folded(journal);
  if (smaller.size() * 2 > bytes.size() + bytes_of_texts(journal.text_files)) return size;
  auto done = disk_.hold_appends(path, [&]() -> Result<void> {
    auto now = TRY(disk_.read(path, draft_journal_limit));
    if (!now.starts_with(bytes)) return {};
    smaller.append(now, bytes.size());
    size = smaller.size();
    TRY(disk_.replace(path, smaller));
    return remove_texts(journal.text_files);
  });
  if (!done) return std::move(done.error());
  return size;
}

// Added and synced before the net goes: who dies in between leaves both, and what the journal has already does not count twice.
Result<void> Drafts::take_in_net(const std::string& client, const std::string& path) {
  auto frames = frames_of_net(TRY(disk_.read(path, draft_net_limit)));
  if (!frames) return std::move(frames.error());
  if (!frames->empty()) {
    DraftAppender appender(disk_, {first(client), second(client), cat(paths_.drafts(), "/reserve")});
    if (TRY(appender.append(*frames)) == DraftAppender::Place::first)
      if (!appender.appender()->sync()) TRY(appender.renew());
  }
  return disk_.remove(path);
}

Result<void> Drafts::take_in(const std::string& client, Milliseconds patience) {
  for (const auto& directory : {paths_.drafts_second(), paths_.drafts()}) {
    auto path = cat(directory, "/", client, net_ending);
    if (!disk_.info(path)) continue;
    auto taken = disk_.hold_appends(path, [&] { return take_in_net(client, path); }, patience);
    // busy: its editor lives. not_found: somebody else took it.
    if (!taken && taken.error().fault != Fault::busy && taken.error().fault != Fault::not_found) return taken;
  }
  return {};
}

// A text before the record that may follow it: whoever reads looks into both places.
Result<void> Drafts::move_home(const std::string& client) {
  TRY(move_texts_home(client));
  return DraftAppender(disk_, {first(client), second(client), ""}).move_home();
}

Result<std::uint64_t> Drafts::move_home() {
  std::uint64_t left = 0;
  for (const auto& client : TRY(clients())) {
    if (move_home(client)) continue;
    auto info = disk_.info(second(client));
    left += info ? info->size : 1;
  }
  return left;
}

// Buffers that ever were that file in this journal.
static std::set<std::string> buffers_of(const FoundFrames& found, const std::string& path) {
  std::set<std::string> buffers;
  for (const auto& frame : found.frames) {
    if (frame.type != DraftType::text && frame.type != DraftType::whole && frame.type != DraftType::file && frame.type != DraftType::meta) continue;
    auto value = unpack(frame.payload, {.text = 16U << 20});
    if (value && value->array() && (*value->array())[1]["path"].text_or("") == path) buffers.insert((*value->array())[1]["buffer"].text_or(""));
  }
  return buffers;
}

// A filler takes the place of each record, so that nothing seems lost. Damage that may hold a part of the file goes too.
Result<int> Drafts::forget_in(const std::string& file, const std::string& path) {
  int forgotten = 0;
  auto done = disk_.hold_appends(file, [&]() -> Result<void> {
    auto bytes = TRY(disk_.read(file, draft_journal_limit));
    auto found = find_frames(bytes);
    auto buffers = buffers_of(found, path);
    forgotten = static_cast<int>(buffers.size());
    if (buffers.empty() && found.damaged.empty()) return {};
    std::string kept;
    std::vector<std::string> undo_files;
    std::set<std::string> text_files;
    for (const auto& frame : found.frames) {
      auto value = unpack(frame.payload, {.depth = 16, .elements = 1U << 20, .text = 16U << 20, .total = 1U << 22});
      auto buffer = value && value->array() ? (*value->array())[1]["buffer"].text_or("") : "";
      if (!buffers.contains(buffer)) append_frame(kept, frame.type, frame.payload);
      else if (frame.seq > 0) kept += frame_of(DraftType::filler, frame.seq, Value::Map{});
      if (buffers.contains(buffer) && frame.type == DraftType::undo) undo_files.push_back((*value->array())[1]["file"].text_or(""));
      if (buffers.contains(buffer) && frame.type == DraftType::whole) text_files.insert((*value->array())[1]["text_file"].text_or(""));
    }
    TRY(disk_.replace(file, kept));
    std::erase_if(text_files, [](const auto& name) { return !is_text_file(name); });
    TRY(remove_texts(text_files));
    for (const auto& name : undo_files)
      if (!name.empty() && name.find('/') == std::string::npos) TRY(disk_.remove(cat(paths_.drafts(), "/undo/", name)));
    return {};
  });
  if (!done) return std::move(done.error());
  return forgotten;
}

Result<int> Drafts::forget(const std::string& path) {
  int forgotten = 0;
  for (const auto& client : TRY(clients())) {
    TRY(take_in(client));
    for (const auto& file : {first(client), second(client)}) {
      if (!disk_.info(file)) continue;
      forgotten += TRY(forget_in(file, path));
    }
  }
  // One of a dead editor that no record names may be of that file.
  TRY(tidy_texts(Milliseconds(0), wall_now()));
  // Whatever was made for takers: it costs nothing to make again.
  TRY(disk_.remove_tree(paths_.drafts() + "/out"));
  TRY(disk_.remove_tree(paths_.drafts_second() + "/out"));
  return forgotten;
}

// Nothing in it is wanted any more: all of it has ended, or is older than may be.
static bool may_expire(const DraftJournal& journal, const DraftOwner& owner, std::int64_t modified_ms, Milliseconds max_age, WallTime now) {
  if (owner.life() == DraftOwner::Life::runs) return false;
  std::int64_t newest = 0;
  bool some = false;
  for (const auto& [id, buffer] : journal.buffers) {
    if (buffer.why == "saved" || buffer.why == "closed" || (!buffer.lines && !buffer.base_only)) continue;
    some = true;
    newest = std::max(newest, buffer.at > 0 ? buffer.at : modified_ms);
  }
  // An empty one waits a day too: its editor may just be starting.
  return now.ms - std::max(newest, modified_ms) > (some ? max_age.count() : 86'400'000);
}

Result<int> Drafts::expire(Milliseconds max_age, WallTime now) {
  constexpr std::int64_t day = 86'400'000;
  auto notes_path = paths_.drafts() + "/expiring";
  auto notes_file = disk_.read(notes_path, 1U << 20);
  auto notes = notes_file ? unpack(*notes_file).value_or(Value()) : Value();
  Value next = Value::Map{};
  int removed = 0;
  for (const auto& client : TRY(clients())) {
    auto found = read(client);
    if (!found || found->journal.damaged_bytes > 0) continue;
    if (!may_expire(found->journal, owner_of(client, found->journal), found->modified_ms, max_age, now)) continue;
    auto seen = notes[client].number_or(now.ms);
    // Seen in the future: the clock was wrong, then or now.
    if (seen > now.ms) seen = now.ms;
    if (now.ms - seen < day) {
      next.set(client, seen);
      continue;
    }
    for (const auto& [id, buffer] : found->journal.buffers)
      if (!buffer.undo_file.empty() && buffer.undo_file.find('/') == std::string::npos) TRY(disk_.remove(cat(paths_.drafts(), "/undo/", buffer.undo_file)));
    TRY(remove_texts(found->journal.text_files));
    TRY(disk_.remove(first(client)));
    TRY(disk_.remove(second(client)));
    ++removed;
  }
  TRY(tidy_texts(Milliseconds(day), now));
  if (!(next == notes) && (next.map()->size() > 0 || notes_file)) TRY(disk_.replace(notes_path, pack(next)));
  return removed;
}

}  // namespace kra
