#include "engine/change_journal.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/below.hpp"
#include "base/text.hpp"
#include "engine/log_record.hpp"
#include "wire/msgpack.hpp"

namespace kra {

namespace {

enum Type : std::uint8_t { batch_record = 1 };
constexpr std::uint64_t file_limit = 1U << 20;
constexpr std::uint64_t readable = 16U << 20;

ChangeKind kind_of(const std::string& name) {
  for (auto kind : {ChangeKind::create, ChangeKind::remove, ChangeKind::rename})
    if (name == name_of(kind)) return kind;
  return ChangeKind::modify;
}

// Short: path, kind, from, writer, hash, size, at.
Value packed(const ToldChange& change) {
  return Value::Array{change.path, name_of(change.kind), change.from, change.writer, change.hash, change.size, change.at};
}

ToldChange unpacked(const Value& value) {
  ToldChange change;
  const auto* parts = value.array();
  if (!parts || parts->size() < 7) return change;
  change.path = (*parts)[0].text_or("");
  change.kind = kind_of((*parts)[1].text_or(""));
  change.from = (*parts)[2].text_or("");
  change.writer = (*parts)[3].text_or("");
  change.hash = (*parts)[4].text_or("");
  change.size = static_cast<std::uint64_t>((*parts)[5].number_or(0));
  change.at = (*parts)[6].number_or(0);
  return change;
}

}  // namespace

Value value_of(const ToldChange& change) {
  Value value = Value::Map{{"at", change.at}, {"path", change.path}, {"kind", name_of(change.kind)}, {"writer", change.writer}, {"size", change.size}, {"hash", change.hash}};
  if (!change.from.empty()) value.set("from", change.from);
  return value;
}

Value value_of(const JournalChange& entry) {
  auto value = value_of(entry.change);
  value.set("root", entry.root);
  value.set("cause", entry.cause);
  return value;
}

Result<void> ChangeJournal::add(const ChangeBatch& batch, const std::string& cause) {
  if (!checked_) {
    TRY(disk_.make_directory(directory_part(path_)));
    // A torn end would hide all that comes after it.
    if (auto file = disk_.read(path_, readable)) {
      LogRecordReader reader(*file);
      while (reader.next()) {
      }
      if (reader.good() != file->size()) TRY(disk_.truncate(path_, reader.good()));
    }
    checked_ = true;
  }
  if (auto info = disk_.info(path_); info && info->size >= file_limit) TRY(disk_.rename(path_, path_ + ".b"));
  Value::Array changes;
  for (std::size_t at = 0; at < std::min(batch.changes.size(), journal_changes_of_one); ++at) changes.push_back(packed(batch.changes[at]));
  std::string record;
  append_record(record, batch_record, pack(Value(Value::Map{{"root", batch.root}, {"cause", cause}, {"count", batch.changes.size()}, {"changes", std::move(changes)}})));
  return disk_.append(path_, record, false);
}

std::string noted_writer(const std::vector<EditNote>& notes, const std::string& path, std::int64_t at) {
  constexpr std::int64_t before_ms = 60'000, after_ms = 600'000;
  const EditNote* nearest = nullptr;
  for (const auto& note : notes) {
    if (note.path != path || note.at < at - before_ms || note.at > at + after_ms) continue;
    if (!nearest || std::abs(note.at - at) < std::abs(nearest->at - at)) nearest = &note;
  }
  return nearest ? nearest->by : "";
}

Result<std::vector<JournalChange>> ChangeJournal::read(const ChangeQuery& query) const {
  std::vector<JournalChange> found;
  auto notes = edit_notes(disk_, paths_, WallTime{query.since - 60'000}).value_or({});
  for (const auto& path : {path_ + ".b", path_}) {
    auto file = disk_.read(path, readable);
    if (!file && file.error().fault == Fault::not_found) continue;
    if (!file) return std::move(file.error());
    LogRecordReader reader(*file);
    while (auto record = reader.next()) {
      auto value = unpack(record->payload);
      if (record->type != batch_record || !value || !(*value)["changes"].array()) continue;
      for (const auto& each : *(*value)["changes"].array()) {
        JournalChange entry{(*value)["root"].text_or(""), (*value)["cause"].text_or(""), unpacked(each)};
        if (entry.change.writer == "external")
          if (auto noted = noted_writer(notes, entry.change.path, entry.change.at); !noted.empty()) entry.change.writer = noted;
        bool wanted = entry.change.at >= query.since && (query.by.empty() || entry.change.writer == query.by) && (query.root.empty() || is_below(entry.change.path, query.root));
        if (wanted) found.push_back(std::move(entry));
      }
    }
  }
  if (found.size() > query.limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(query.limit));
  return found;
}

}  // namespace kra
