#include "ffi/kra.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/checksum.hpp"
#include "base/result.hpp"
#include "base/version.hpp"
#include "engine/draft_appender.hpp"
#include "engine/draft_frame.hpp"
#include "engine/draft_net.hpp"
#include "engine/hunks.hpp"
#include "engine/log_record.hpp"
#include "engine/merge3.hpp"
#include "os/disk.hpp"

struct kra_journal {
  explicit kra_journal(kra::DraftPlaces places) : appender(disk, std::move(places)) {}
  kra::SystemDisk disk;
  kra::DraftAppender appender;
};

struct kra_net {
  kra::DraftNet net;
};

namespace {

std::string_view view(const void* bytes, std::size_t size) {
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size);
}

int fail(int status, std::string_view why, char* error, std::size_t error_size) {
  if (error == nullptr || error_size == 0) return status;
  auto length = std::min(why.size(), error_size - 1);
  std::memcpy(error, why.data(), length);
  error[length] = '\0';
  return status;
}

// Convention 5: what is thrown below (memory that ran out) ends here.
template <class Work>
int guarded(char* error, std::size_t error_size, Work work) noexcept {
  try {
    kra::Result<int> done = work();
    if (done.ok()) return *done;
    return fail(done.error().fault == kra::Fault::usage ? KRA_REFUSED : KRA_IO, done.error().what, error, error_size);
  } catch (const std::exception& exception) {
    return fail(KRA_INTERNAL, exception.what(), error, error_size);
  } catch (...) {
    return fail(KRA_INTERNAL, "unknown exception", error, error_size);
  }
}

constexpr std::size_t change_numbers = 4, part_numbers = 7;

std::uint32_t* put(std::uint32_t* out, kra::Range range) {
  *out++ = static_cast<std::uint32_t>(range.first);
  *out++ = static_cast<std::uint32_t>(range.last);
  return out;
}

bool given(std::initializer_list<std::pair<const void*, std::size_t>> texts) {
  // A line's number has 32 bits.
  return std::all_of(texts.begin(), texts.end(), [](const auto& text) { return (text.first || text.second == 0) && text.second < UINT32_MAX; });
}

}  // namespace

extern "C" {

uint32_t kra_abi(void) noexcept { return static_cast<uint32_t>(kra::abi); }

const char* kra_version(void) noexcept { return kra::version().data(); }

uint64_t kra_hash64(const void* bytes, size_t size) noexcept { return kra::hash64(view(bytes, size)); }

uint32_t kra_crc32c(const void* bytes, size_t size, uint32_t before) noexcept { return kra::crc32c(view(bytes, size), before); }

int kra_replace(const char* path, const void* bytes, size_t size, char* error, size_t error_size) noexcept {
  return guarded(error, error_size, [&]() -> kra::Result<int> {
    if (path == nullptr || path[0] != '/') return kra::Error{kra::Fault::usage, "the path is not absolute"};
    if (bytes == nullptr && size > 0) return kra::Error{kra::Fault::usage, "no bytes were given"};
    TRY(kra::SystemDisk().replace(path, view(bytes, size)));
    return KRA_OK;
  });
}

kra_journal* kra_journal_open(const char* path, const char* second, char* error, size_t error_size) noexcept {
  kra_journal* made = nullptr;
  guarded(error, error_size, [&]() -> kra::Result<int> {
    bool absolute = path != nullptr && path[0] == '/' && (second == nullptr || second[0] == '/');
    if (!absolute) return kra::Error{kra::Fault::usage, "a path is not absolute"};
    made = new kra_journal({path, second == nullptr ? "" : second, kra::directory_part(path) + "/reserve"});
    return KRA_OK;
  });
  return made;
}

size_t kra_journal_frame(uint8_t type, const void* payload, size_t size, void* out, size_t out_size) noexcept {
  if (size > kra::log_record_limit || (payload == nullptr && size > 0)) return 0;
  auto length = kra::draft_frame_head + size;
  if (out == nullptr || out_size < length) return length;
  try {
    std::string frame;
    kra::append_frame(frame, static_cast<kra::DraftType>(type), view(payload, size));
    std::memcpy(out, frame.data(), frame.size());
    return length;
  } catch (...) {
    return 0;
  }
}

int kra_journal_append(kra_journal* journal, const void* frames, size_t size, int sync, char* error, size_t error_size) noexcept {
  return guarded(error, error_size, [&]() -> kra::Result<int> {
    if (journal == nullptr || (frames == nullptr && size > 0)) return kra::Error{kra::Fault::usage, "no journal or no frames were given"};
    if (!kra::are_frames(view(frames, size))) return kra::Error{kra::Fault::usage, "these are no whole frames"};
    auto place = TRY(journal->appender.append(view(frames, size)));
    if (place == kra::DraftAppender::Place::second) return fail(KRA_ELSEWHERE, journal->appender.trouble(), error, error_size);
    if (sync != 0 && !journal->appender.appender()->sync()) TRY(journal->appender.renew());
    return KRA_OK;
  });
}

void kra_journal_close(kra_journal* journal) noexcept { delete journal; }

kra_net* kra_net_open(const char* path, const char* second, const void* editor, size_t editor_size, char* error, size_t error_size) noexcept {
  kra_net* made = nullptr;
  guarded(error, error_size, [&]() -> kra::Result<int> {
    bool absolute = path != nullptr && path[0] == '/' && (second == nullptr || second[0] == '/');
    if (!absolute) return kra::Error{kra::Fault::usage, "a path is not absolute"};
    auto net = kra::DraftNet::open(path, view(editor, editor_size));
    if (!net && second == nullptr) return std::move(net.error());
    made = new kra_net{net ? std::move(*net) : TRY(kra::DraftNet::open(second, view(editor, editor_size)))};
    return KRA_OK;
  });
  return made;
}

int kra_net_edit(kra_net* net, const void* buffer, size_t buffer_size, double after, int gap, uint32_t first, uint32_t last, uint32_t count, const void* text,
                 size_t size) noexcept {
  if (net == nullptr || after < 0) return KRA_REFUSED;
  return net->net.add({view(buffer, buffer_size), static_cast<std::uint64_t>(after), gap != 0, first, last, count, view(text, size)}) ? KRA_OK : KRA_IO;
}

int kra_net_add(kra_net* net, uint8_t type, const void* payload, size_t size) noexcept {
  if (net == nullptr || (payload == nullptr && size > 0)) return KRA_REFUSED;
  return net->net.add(static_cast<kra::DraftType>(type), view(payload, size)) ? KRA_OK : KRA_IO;
}

void kra_net_empty(kra_net* net, int wipe) noexcept {
  if (net != nullptr) wipe != 0 ? net->net.wipe() : net->net.empty();
}

void kra_net_close(kra_net* net, int remove) noexcept {
  if (net != nullptr && remove != 0) net->net.remove();
  delete net;
}

int kra_hunks(const void* before, size_t before_size, const void* after, size_t after_size, uint32_t* changes, size_t capacity, size_t* count,
              char* error, size_t error_size) noexcept {
  return guarded(error, error_size, [&]() -> kra::Result<int> {
    if (!given({{before, before_size}, {after, after_size}}) || count == nullptr || (changes == nullptr && capacity > 0))
      return kra::Error{kra::Fault::usage, "no texts or no room were given"};
    const auto found = kra::buffer_changes(view(before, before_size), view(after, after_size));
    *count = found.size();
    for (std::size_t i = 0; i < std::min(found.size(), capacity); ++i) put(put(changes + i * change_numbers, found[i].before), found[i].after);
    return KRA_OK;
  });
}

int kra_merge(const void* base, size_t base_size, const void* ours, size_t ours_size, const void* theirs, size_t theirs_size, uint32_t* parts,
              size_t capacity, size_t* count, char* error, size_t error_size) noexcept {
  return guarded(error, error_size, [&]() -> kra::Result<int> {
    if (!given({{base, base_size}, {ours, ours_size}, {theirs, theirs_size}}) || count == nullptr || (parts == nullptr && capacity > 0))
      return kra::Error{kra::Fault::usage, "no texts or no room were given"};
    const auto found = kra::merge_buffers(view(base, base_size), view(ours, ours_size), view(theirs, theirs_size));
    *count = found.size();
    for (std::size_t i = 0; i < std::min(found.size(), capacity); ++i) {
      auto* out = parts + i * part_numbers;
      *out++ = static_cast<std::uint32_t>(found[i].kind);
      put(put(put(out, found[i].base), found[i].ours), found[i].theirs);
    }
    return KRA_OK;
  });
}

}  // extern "C"
