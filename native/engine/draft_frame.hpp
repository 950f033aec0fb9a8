// The bytes of a draft journal (doc/format.md, "Drafts"): frames, each a mark and a record as in engine/log_record. The payload is MessagePack,
// [seq, map]; only its first number is looked at here, so that this goes into the library too.
//
// A frame that is torn or damaged costs itself alone: the mark lets a reader find the next whole one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kra {

constexpr std::string_view draft_mark{"\xf5kd\n", 4};
constexpr std::size_t draft_frame_head = 13;  // mark and head of the record

enum class DraftType : std::uint8_t { filler = 0, editor = 1, text = 2, file = 3, edits = 4, end = 5, undo = 6, meta = 7, mark = 8, base = 9, whole = 10 };

void append_frame(std::string& out, DraftType type, std::string_view payload);

struct DraftFrame {
  DraftType type = DraftType::filler;
  std::uint64_t seq = 0;
  std::string_view payload;  // in the file that was read
};

struct FoundFrames {
  std::vector<DraftFrame> frames;  // in the order of the file
  struct Stretch {
    std::size_t at = 0, size = 0;
  };
  std::vector<Stretch> damaged;  // what belongs to no whole frame
  // A stretch at the very end is what a writer leaves that died in the middle.
  bool torn_end = false;
};
// Every whole frame, with whatever lies between them. Reads any bytes; the search after damage costs at most 64 times the file's length.
FoundFrames find_frames(std::string_view file);

// Whole frames and nothing else.
bool are_frames(std::string_view bytes);
// The number in front of a payload; nothing when it is no [seq, …].
std::optional<std::uint64_t> seq_of(std::string_view payload);

}  // namespace kra
