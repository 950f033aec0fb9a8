#include "engine/draft_appender.hpp"

#include "base/text.hpp"
#include "engine/draft_frame.hpp"

namespace kra {

// The file's directory is made only when it is missing: it is there nearly always.
Result<void> DraftAppender::open_and_append(std::shared_ptr<Appender>& appender, const std::string& path, std::string_view frames, Turn turn) {
  for (int attempt = 0;; ++attempt) {
    Result<void> outcome;
    if (!appender) {
      auto opened = disk_->open_append(path);
      if (opened) appender = std::move(*opened);
      else outcome = std::move(opened.error());
    }
    if (outcome) outcome = appender->append(frames, turn);
    if (outcome || attempt > 0 || outcome.error().fault != Fault::not_found) return outcome;
    TRY(disk_->make_directory(directory_part(path)));
  }
}

Result<void> DraftAppender::append_first(std::string_view frames, Turn turn) {
  auto written = open_and_append(first_, places_.path, frames, turn);
  if (written || places_.reserve.empty() || written.error().fault != Fault::io || !disk_->info(places_.reserve)) return written;
  // Perhaps the disk is full.
  TRY(disk_->remove(places_.reserve));
  return open_and_append(first_, places_.path, frames, turn);
}

Result<DraftAppender::Place> DraftAppender::append(std::string_view frames, Turn turn) {
  auto written = append_first(frames, turn);
  if (written) return trouble_.clear(), Place::first;
  trouble_ = written.error().what;
  if (places_.second.empty()) return std::move(written.error());
  auto elsewhere = open_and_append(second_, places_.second, frames, turn);
  if (elsewhere) return Place::second;
  return Error{elsewhere.error().fault, cat(trouble_, "; ", elsewhere.error().what)};
}

void DraftAppender::rest() {
  if (first_) first_->rest();
  if (second_) second_->rest();
}

// Whoever syncs it may have it for longer than we do, but not our turn.
void DraftAppender::let_go() {
  if (first_) first_->rest();
  first_.reset();
}

Result<void> renew_journal(Disk& disk, const std::string& path) {
  return disk.hold_appends(path, [&]() -> Result<void> {
    auto bytes = TRY(disk.read(path, draft_journal_limit));
    return disk.replace(path, bytes);
  });
}

Result<void> DraftAppender::renew() {
  let_go();
  return renew_journal(*disk_, places_.path);
}

Result<void> DraftAppender::move_home() {
  if (places_.second.empty() || !disk_->info(places_.second)) return {};
  auto moved = disk_->hold_appends(places_.second, [&]() -> Result<void> {
    auto bytes = TRY(disk_->read(places_.second, draft_journal_limit));
    // Bytes that are no frames stay out: here they end, and the journal's own damage is told from them.
    std::string frames;
    for (const auto& frame : find_frames(bytes).frames) append_frame(frames, frame.type, frame.payload);
    TRY(append_first(frames));
    if (auto synced = first_->sync(); !synced) return first_.reset(), std::move(synced);
    return disk_->remove(places_.second);
  });
  if (moved) trouble_.clear(), second_.reset();
  return moved;
}

Result<void> make_draft_reserve(Disk& disk, const std::string& path) {
  auto there = disk.info(path);
  if (there && there->size == draft_reserve_bytes) return {};
  TRY(disk.make_directory(directory_part(path)));
  // Not zeros, which some file systems do not store.
  std::string bytes(draft_reserve_bytes, '\0');
  std::uint64_t state = 0x9e3779b97f4a7c15ULL;
  for (auto& byte : bytes) state = state * 6364136223846793005ULL + 1442695040888963407ULL, byte = static_cast<char>(state >> 56);
  return disk.replace(path, bytes);
}

}  // namespace kra
