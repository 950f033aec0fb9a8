// Where the frames of one client go: its journal, or a second place while that cannot be written. Both are read together (each seq counts
// once), so it does not matter which frame lies where, nor who added it: the daemon, or the editor's own process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/disk.hpp"

namespace kra {

struct DraftPlaces {
  std::string path;     // STATE/drafts/CLIENT.journal
  std::string second;   // RUNTIME/drafts/CLIENT.journal; empty: none
  std::string reserve;  // STATE/drafts/reserve: given up when the disk is full, so that a last flush fits; empty: none
};

class DraftAppender {
 public:
  // Touches nothing.
  DraftAppender(Disk& disk, DraftPlaces places) : disk_(&disk), places_(std::move(places)) {}

  enum class Place { first, second };
  // After an Error nothing of it is in either place. A turn that is kept lasts until rest().
  using Turn = Appender::Turn;
  Result<Place> append(std::string_view frames, Turn turn = Turn::given_back);
  void rest();
  // What was added to the first place is on the disk. On any thread, while append() runs on another, as long as this object stays.
  std::shared_ptr<Appender> appender() const { return first_; }
  // After a sync that failed: lets the file go, and renew_journal().
  Result<void> renew();
  void let_go();
  // What lies in the second place goes into the first, durably. Nothing to do is success.
  Result<void> move_home();

  // Why the first place was not used last; empty: it was.
  const std::string& trouble() const { return trouble_; }
  const DraftPlaces& places() const { return places_; }

 private:
  Result<void> append_first(std::string_view frames, Turn turn = Turn::given_back);
  Result<void> open_and_append(std::shared_ptr<Appender>& appender, const std::string& path, std::string_view frames, Turn turn);

  Disk* disk_;
  DraftPlaces places_;
  std::shared_ptr<Appender> first_, second_;
  std::string trouble_;
};

// What can be read of a journal is written into a new file, which is synced before it takes the name.
Result<void> renew_journal(Disk& disk, const std::string& path);

constexpr std::uint64_t draft_journal_limit = 1ULL << 30;  // bytes that are read of one journal
constexpr std::size_t draft_reserve_bytes = 1U << 20;
// Makes the reserve when it is missing and there is room.
Result<void> make_draft_reserve(Disk& disk, const std::string& path);

}  // namespace kra
