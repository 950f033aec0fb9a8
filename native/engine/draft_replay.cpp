#include "engine/draft_replay.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/checksum.hpp"
#include "wire/msgpack.hpp"

namespace kra {

namespace {

constexpr WireLimits journal_limits{.depth = 16, .elements = 1U << 20, .text = 16U << 20, .total = 1U << 22};

std::uint64_t count_of(const Value& value) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.number_or(0))); }

// A text that comes in pieces.
struct Scan {
  std::int64_t number = 0, next_part = 0;
  Value meta;
  std::string text;
};

class Replay {
 public:
  Replay(bool undo_texts, const TextFiles& text_files) : undo_texts_(undo_texts), text_files_(text_files) {}

  void take(const DraftFrame& frame) {
    auto value = unpack(frame.payload, journal_limits);
    if (!value || !value->array() || value->array()->size() != 2 || !value->array()->back().map()) return lose(frame.seq);
    auto& map = value->array()->back();
    if (frame.seq > 0) count(frame.seq);
    bool caught = frame.seq == 0 && map["after"].number();
    if (frame.type == DraftType::mark || caught) return later_.emplace_back(frame.type, std::move(map)), void();
    if (frame.type == DraftType::editor) return static_cast<void>(journal_.editor = std::move(map));
    auto id = map["buffer"].text_or("");
    if (frame.type == DraftType::filler || id.empty()) return;
    auto& buffer = journal_.buffers[id];
    buffer.id = id;
    if (frame.seq > 0) buffer.last_seq = frame.seq;
    if (frame.seq > 0 && settles(frame.type, map)) buffer.text_seq = frame.seq;
    buffer.at = std::max(buffer.at, map["at"].number_or(0));
    apply(frame.type, buffer, map);
  }

  // What others added counts after all that the client did itself, in the order of the file.
  DraftJournal finish() {
    for (auto& [type, map] : later_) type == DraftType::mark ? take_mark(map) : take_caught(type, map);
    return std::move(journal_);
  }

  void begin_after(std::uint64_t upto) { journal_.last_seq = std::max(journal_.last_seq, upto); }

 private:
  void count(std::uint64_t seq) {
    ++journal_.records;
    if (seq > journal_.last_seq + 1) lose(seq - 1);
    journal_.last_seq = seq;
  }

  static bool settles(DraftType type, const Value& map) {
    return type == DraftType::file || type == DraftType::edits || type == DraftType::end || type == DraftType::whole ||
           (type == DraftType::text && map["final"].flag_or(false));
  }

  void take_mark(const Value& mark) {
    auto found = journal_.buffers.find(mark["buffer"].text_or(""));
    // What was typed after it was taken elsewhere is new work.
    if (found == journal_.buffers.end() || found->second.last_seq > count_of(mark["upto"])) return;
    found->second.why = mark["why"].text_or("");
    found->second.at = std::max(found->second.at, mark["at"].number_or(0));
  }

  // Out of a net. The journal has it if it knows a later text of this buffer; else it follows what was there, or what the net held before.
  void take_caught(DraftType type, Value& map) {
    auto id = map["buffer"].text_or("");
    if (id.empty()) return;
    ++journal_.caught;
    auto& buffer = journal_.buffers[id];
    buffer.id = id;
    auto after = count_of(map["after"]);
    if (after < buffer.text_seq || broken_.contains(id)) return;
    bool whole = type == DraftType::text || type == DraftType::file;
    bool follows = after == buffer.text_seq || (followed_.contains(id) && !map["gap"].flag_or(false));
    if (!whole && !follows) return broken_.insert(id), void();
    followed_.insert(id);
    buffer.at = std::max(buffer.at, map["at"].number_or(0));
    apply(type, buffer, map);
  }

  // Something is missing, and nobody knows of which buffer.
  void lose(std::uint64_t upto) {
    journal_.lost_records += upto > journal_.last_seq ? upto - journal_.last_seq : 0;
    journal_.last_seq = std::max(journal_.last_seq, upto);
    for (auto& [id, buffer] : journal_.buffers) uncertain_.insert(id);
  }

  void apply(DraftType type, DraftBuffer& buffer, Value& map) {
    switch (type) {
      case DraftType::text: return take_text(buffer, map);
      case DraftType::whole: return take_whole(buffer, map);
      case DraftType::file: return take_file(buffer, map);
      case DraftType::edits: return take_edits(buffer, map);
      case DraftType::meta: return merge(buffer.meta, map);
      case DraftType::undo: return take_undo(buffer, map);
      case DraftType::end: return static_cast<void>(buffer.why = map["why"].text_or("closed"));
      default: return;
    }
  }

  static void merge(Value& meta, const Value& map) {
    for (const auto& [key, value] : *map.map())
      if (key != "buffer" && key != "text" && key != "edits" && key != "scan" && key != "part" && key != "final" && key != "at" && key != "last" &&
          key != "after" && key != "gap" && key != "text_file" && key != "bytes" && key != "sum")
        meta.set(key, value);
  }

  void take_text(DraftBuffer& buffer, Value& map) {
    auto part = map["part"].number_or(0), number = map["scan"].number_or(0);
    auto& scan = scans_[buffer.id];
    if (part == 0) {
      scan = {number, 0, {}, {}};
      merge(scan.meta, map);
      // A text that others folded says which record was its last.
      if (map["last"].number()) folded_[buffer.id] = count_of(map["last"]);
    }
    if (part != scan.next_part || number != scan.number) return static_cast<void>(scan.next_part = -1);
    ++scan.next_part;
    scan.text += map["text"].text_or("");
    if (!map["final"].flag_or(false)) return;
    buffer.lines = LineBuffer(scan.text);
    buffer.meta = scan.meta.is_nil() ? Value(Value::Map{}) : std::move(scan.meta);
    if (auto folded = folded_.extract(buffer.id)) {
      buffer.last_seq = std::max(buffer.last_seq, folded.mapped());
      buffer.text_seq = std::max(buffer.text_seq, folded.mapped());
    }
    begin_anew(buffer);
    scans_.erase(buffer.id);
  }

  void take_whole(DraftBuffer& buffer, const Value& map) {
    auto name = map["text_file"].text_or("");
    if (is_text_file(name)) journal_.text_files.insert(name);
    auto text = text_files_ && is_text_file(name) ? text_files_(name) : Error{Fault::not_found, "no file"};
    auto bytes = count_of(map["bytes"]);
    // What was there before stays, and what was typed later cannot be told.
    if (!text || text->size() < bytes || crc32c(std::string_view(*text).substr(0, bytes)) != count_of(map["sum"]))
      return uncertain_.insert(buffer.id), static_cast<void>(++buffer.edits_lost);
    text->resize(bytes);
    buffer.lines = LineBuffer(*text);
    buffer.meta = Value(Value::Map{});
    merge(buffer.meta, map);
    scans_.erase(buffer.id);
    begin_anew(buffer);
  }

  void take_file(DraftBuffer& buffer, Value& map) {
    buffer.lines.reset();
    buffer.meta = Value(Value::Map{});
    merge(buffer.meta, map);
    begin_anew(buffer);
    buffer.base_only = true;
  }

  void begin_anew(DraftBuffer& buffer) {
    buffer.base_only = false;
    buffer.edits.clear();
    buffer.edits_lost = 0;
    buffer.why.clear();
    uncertain_.erase(buffer.id);
  }

  void take_edits(DraftBuffer& buffer, Value& map) {
    buffer.why.clear();
    if (uncertain_.contains(buffer.id) || (!buffer.lines && !buffer.base_only)) return static_cast<void>(++buffer.edits_lost);
    if (buffer.base_only) {
      buffer.edits.push_back(pack(map));
    } else if (!change(*buffer.lines, map["edits"])) {
      // Half of a record is applied at most: what follows was made on another text.
      uncertain_.insert(buffer.id);
      ++buffer.edits_lost;
      return;
    }
    for (const char* key : {"tick", "cursor"})
      if (!map[key].is_nil()) buffer.meta.set(key, map[key]);
  }

  static bool change(LineBuffer& lines, const Value& edits) {
    if (!edits.array()) return false;
    for (const auto& edit : *edits.array()) {
      const auto* parts = edit.array();
      if (!parts || parts->size() != 4 || !(*parts)[3].text()) return false;
      for (std::size_t at = 0; at < 3; ++at)
        if (!(*parts)[at].number() || *(*parts)[at].number() < 0) return false;
      if (!lines.replace(count_of((*parts)[0]), count_of((*parts)[1]), count_of((*parts)[2]), *(*parts)[3].text())) return false;
    }
    return true;
  }

  void take_undo(DraftBuffer& buffer, const Value& map) {
    if (uncertain_.contains(buffer.id) || !buffer.lines) return;
    buffer.undo_file = map["file"].text_or("");
    if (undo_texts_) buffer.undo_text = buffer.lines->text();
  }

  bool undo_texts_;
  const TextFiles& text_files_;
  DraftJournal journal_;
  std::set<std::string> uncertain_;  // buffers of which a record is missing
  std::map<std::string, Scan> scans_;
  std::map<std::string, std::uint64_t> folded_;
  std::vector<std::pair<DraftType, Value>> later_;  // marks, and what nets held
  std::set<std::string> followed_, broken_;         // of nets: buffers of which something counts; of which something is missing
};

}  // namespace

bool is_text_file(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos && name.find('\0') == name.npos;
}

DraftJournal replay(const std::vector<std::string_view>& files, bool undo_texts, const TextFiles& text_files) {
  std::vector<DraftFrame> folded, own;
  std::uint64_t damaged = 0, upto = 0;
  for (auto file : files) {
    auto found = find_frames(file);
    for (const auto& frame : found.frames) {
      (frame.seq == 0 ? folded : own).push_back(frame);
      if (frame.type == DraftType::base) upto = std::max(upto, frame.seq);
    }
    for (std::size_t at = 0; at < found.damaged.size(); ++at)
      if (!found.torn_end || at + 1 < found.damaged.size()) damaged += found.damaged[at].size;
  }
  std::stable_sort(own.begin(), own.end(), [](const auto& left, const auto& right) { return left.seq < right.seq; });
  Replay replay(undo_texts, text_files);
  for (const auto& frame : folded) replay.take(frame);
  replay.begin_after(upto);
  std::uint64_t last = upto;
  for (const auto& frame : own) {
    if (frame.seq <= last) continue;
    replay.take(frame);
    last = frame.seq;
  }
  auto journal = replay.finish();
  journal.damaged_bytes = damaged;
  return journal;
}

}  // namespace kra
