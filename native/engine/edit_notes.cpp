#include "engine/edit_notes.hpp"

#include "base/record.hpp"
#include "base/text.hpp"
#include "engine/log_record.hpp"
#include "wire/msgpack.hpp"

namespace kra {
namespace {

enum Type : std::uint8_t { edit_record = 1 };
constexpr std::uint64_t file_limit = 256U << 10;
constexpr std::uint64_t readable = 4U << 20;

// A torn end would hide all that comes after it.
Result<void> cut_torn_end(Disk& disk, const std::string& path) {
  const auto file = disk.read(path, readable);
  if (!file) return {};
  LogRecordReader reader(*file);
  while (reader.next()) {
  }
  if (reader.good() == file->size()) return {};
  return disk.truncate(path, reader.good());
}

}  // namespace

Result<void> add_edit_note(Disk& disk, const Paths& paths, const EditNote& note, const Patience& patience) {
  TRY(disk.make_directory(paths.state));
  const auto path = paths.edit_notes();
  auto lock = TRY(disk.lock(path + ".lock", patience));
  TRY(cut_torn_end(disk, path));
  if (const auto info = disk.info(path); info && info->size >= file_limit) TRY(disk.rename(path, path + ".b"));
  std::string record;
  append_record(record, edit_record, pack(to_value(note)));
  return disk.append(path, record, false);
}

Result<std::vector<EditNote>> edit_notes(Disk& disk, const Paths& paths, WallTime since) {
  std::vector<EditNote> notes;
  for (const auto& path : {paths.edit_notes() + ".b", paths.edit_notes()}) {
    const auto file = disk.read(path, readable);
    if (!file && file.error().fault == Fault::not_found) continue;
    if (!file) return file.error();
    LogRecordReader reader(*file);
    while (const auto record = reader.next()) {
      EditNote note;
      const auto value = unpack(record->payload);
      if (record->type == edit_record && value && from_value(*value, note) && note.at >= since.ms) notes.push_back(std::move(note));
    }
  }
  return notes;
}

}  // namespace kra
