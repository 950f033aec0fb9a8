#include "ffi/kra.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/checksum.hpp"
#include "base/result.hpp"
#include "base/version.hpp"
#include "os/disk.hpp"

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
    kra::Result<void> done = work();
    if (done.ok()) return KRA_OK;
    return fail(done.error().fault == kra::Fault::usage ? KRA_REFUSED : KRA_IO, done.error().what, error, error_size);
  } catch (const std::exception& exception) {
    return fail(KRA_INTERNAL, exception.what(), error, error_size);
  } catch (...) {
    return fail(KRA_INTERNAL, "unknown exception", error, error_size);
  }
}

}  // namespace

extern "C" {

uint32_t kra_abi(void) noexcept { return static_cast<uint32_t>(kra::abi); }

const char* kra_version(void) noexcept { return kra::version().data(); }

uint64_t kra_hash64(const void* bytes, size_t size) noexcept { return kra::hash64(view(bytes, size)); }

uint32_t kra_crc32c(const void* bytes, size_t size, uint32_t before) noexcept { return kra::crc32c(view(bytes, size), before); }

int kra_replace(const char* path, const void* bytes, size_t size, char* error, size_t error_size) noexcept {
  return guarded(error, error_size, [&]() -> kra::Result<void> {
    if (path == nullptr || path[0] != '/') return kra::Error{kra::Fault::usage, "the path is not absolute"};
    if (bytes == nullptr && size > 0) return kra::Error{kra::Fault::usage, "no bytes were given"};
    return kra::SystemDisk().replace(path, view(bytes, size));
  });
}

}  // extern "C"
