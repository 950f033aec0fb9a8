// The net under what is typed: each edit of an editor lies in it until the journal has it, so that a death without any event loses nothing.
// Frames of the journal's form in a shared file (doc/format.md, "The net"); an edit costs a copy and no call of the system. The journal stays the
// truth: who finds the net of a dead editor adds its frames there, and a reader uses those of which the journal has nothing.
//
//   a frame is copied ─▶ the length is stored ─▶ it counts: a death in between leaves what was there before
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/draft_frame.hpp"
#include "os/shared_file.hpp"

namespace kra {

class DraftNet {
 public:
  static constexpr std::size_t file_bytes = 512U << 10;

  // A new net at `path`; `editor` is the payload of a record of that type, with seq 0. Makes the directory.
  static Result<DraftNet> open(const std::string& path, std::string_view editor);

  struct Edit {
    std::string_view buffer;
    std::uint64_t after = 0;  // the seq of the buffer's newest text, file, edits or end
    bool gap = false;         // something was left out since the edit before
    std::uint32_t first = 0, last = 0, count = 0;
    std::string_view text;
  };
  // false: no room, and nothing was added.
  bool add(const Edit& edit) noexcept;
  bool add(DraftType type, std::string_view payload) noexcept;
  // The journal has all of it.
  void empty() noexcept;
  // The same, and no byte of a text is left.
  void wipe() noexcept;
  // Gives up the name: nobody needs it any more.
  void remove() noexcept;

 private:
  explicit DraftNet(SharedFile file) : file_(std::move(file)) {}
  std::size_t used() const noexcept;
  void use(std::size_t bytes) noexcept;

  SharedFile file_;
  std::size_t kept_ = 0;  // bytes of the editor's frame, which always stays
};

// What a net holds for the journal: its whole frames of seq 0. Empty when there is nothing but the editor's. refused: no net, or of a newer form.
Result<std::string> frames_of_net(std::string_view file);

constexpr std::size_t draft_net_limit = 16U << 20;  // bytes that are read of one

}  // namespace kra
