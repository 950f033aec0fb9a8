#include "engine/draft_net.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "os/disk.hpp"

// Called for each key: a release is built for size, which makes this four times slower.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2")
#endif

namespace kra {

// magic (8) | form u32 | 0 u32 | used u64 | zeros; numbers little-endian, as the machine has them that maps it.
static constexpr std::string_view magic{"kra net\n", 8};
static constexpr std::uint32_t form = 1;
static constexpr std::size_t form_at = 8, used_at = 16, head = 64;

namespace {

// Bytes one after another into memory of which the size was looked at before.
class Out {
 public:
  explicit Out(char* at) : at_(at) {}
  Out& put(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
    return *this;
  }
  Out& byte(unsigned value) {
    *at_++ = static_cast<char>(value);
    return *this;
  }
  Out& big(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) byte(value >> shift & 255);
    return *this;
  }
  Out& little(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) byte(value >> shift & 255);
    return *this;
  }
  // MessagePack: a text of any length, a number of 32 bits.
  Out& text(std::string_view bytes) { return byte(0xdb).big(bytes.size(), 4).put(bytes); }
  Out& number(std::uint32_t value) { return byte(0xce).big(value, 4); }
  char* at() const { return at_; }

 private:
  char* at_;
};

// Mark and head of a record whose payload is there already.
void seal(char* frame, DraftType type, std::size_t size) {
  char kind = static_cast<char>(type);
  auto sum = crc32c({frame + draft_frame_head, size}, crc32c({&kind, 1}));
  Out(frame).put(draft_mark).little(static_cast<std::uint32_t>(size)).put({&kind, 1}).little(sum);
}

constexpr std::size_t edit_overhead = 80;  // at most: keys and numbers of an edit

}  // namespace

Result<DraftNet> DraftNet::open(const std::string& path, std::string_view editor) {
  TRY(SystemDisk().make_directory(directory_part(path)));
  DraftNet net(TRY(SharedFile::create(path, file_bytes)));
  if (!net.add(DraftType::editor, editor)) return Error{Fault::usage, "the editor's record is too long"};
  net.kept_ = net.used();
  Out(net.file_.bytes() + form_at).little(form);
  Out(net.file_.bytes()).put(magic);
  return net;
}

std::size_t DraftNet::used() const noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, file_.bytes() + used_at, sizeof value);
  return value;
}

void DraftNet::use(std::size_t bytes) noexcept {
  // The frame is there before its length is. A death stops between two instructions, so that the order of the program is enough.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(file_.bytes() + used_at)).store(bytes, std::memory_order_release);
}

bool DraftNet::add(const Edit& edit) noexcept {
  auto before = used();
  auto room = file_.size() - head - before;
  if (edit.text.size() > room || edit.buffer.size() > room - edit.text.size() || room - edit.text.size() - edit.buffer.size() < draft_frame_head + edit_overhead) return false;
  char* frame = file_.bytes() + head + before;
  char* payload = frame + draft_frame_head;
  using namespace std::string_view_literals;
  // [0, {buffer, after, gap, edits: [[first, last, count, text]]}]
  Out out(payload);
  out.put("\x92\x00\x84\xa6" "buffer"sv).text(edit.buffer).put("\xa5" "after\xcf"sv).big(edit.after, 8).put("\xa3gap"sv).byte(edit.gap ? 0xc3 : 0xc2);
  out.put("\xa5" "edits\x91\x94"sv).number(edit.first).number(edit.last).number(edit.count).text(edit.text);
  auto size = static_cast<std::size_t>(out.at() - payload);
  seal(frame, DraftType::edits, size);
  use(before + draft_frame_head + size);
  return true;
}

bool DraftNet::add(DraftType type, std::string_view payload) noexcept {
  auto before = used();
  auto room = file_.size() - head - before;
  if (room < draft_frame_head || payload.size() > room - draft_frame_head) return false;
  char* frame = file_.bytes() + head + before;
  Out(frame + draft_frame_head).put(payload);
  seal(frame, type, payload.size());
  use(before + draft_frame_head + payload.size());
  return true;
}

void DraftNet::empty() noexcept { use(kept_); }

void DraftNet::wipe() noexcept {
  empty();
  std::memset(file_.bytes() + head + kept_, 0, file_.size() - head - kept_);
}

void DraftNet::remove() noexcept { ::unlink(file_.path().c_str()); }

static std::uint64_t little_at(std::string_view bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  while (size-- > 0) value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(size)]);
  return value;
}

Result<std::string> frames_of_net(std::string_view file) {
  // Its editor died while it made it.
  if (file.substr(0, magic.size()).find_first_not_of('\0') == file.npos) return std::string();
  if (file.size() < head || !file.starts_with(magic)) return Error{Fault::refused, "no net of an editor"};
  if (auto number = little_at(file, form_at, 4); number != form) return Error{Fault::refused, cat("the net has form ", number, ", this kra knows ", form)};
  auto used = std::min<std::uint64_t>(little_at(file, used_at, 8), file.size() - head);
  std::string frames;
  bool some = false;
  for (const auto& frame : find_frames(file.substr(head, used)).frames) {
    if (frame.seq != 0 || frame.type == DraftType::mark || frame.type == DraftType::base) continue;
    append_frame(frames, frame.type, frame.payload);
    some = some || frame.type != DraftType::editor;
  }
  return some ? frames : std::string();
}

}  // namespace kra
