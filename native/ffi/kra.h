/* libkra: the small synchronous part of kra behind a C ABI, for LuaJIT's FFI. Needs no other library.
 *
 * Conventions
 * 1. kra_abi() is called before any other function; a caller that was written for another number calls nothing else.
 * 2. The number changes when a function is removed or means something else; a new function leaves it as it is.
 * 3. Text and data are pointer and size; they may hold any bytes, are only read during the call, and are never kept. A path is
 *    absolute and ends with a zero byte.
 * 4. A function that can fail returns 0 when all went well, else one of kra_status; why is written to `error` (at most `error_size`
 *    bytes with a zero byte at the end; NULL and 0 where nobody asks).
 * 5. No function throws, prints, ends the process, or changes its working directory, environment, signals or locale.
 * 6. Every function may be called from any thread.
 * 7. Strings that are returned live as long as the library.
 */
#ifndef KRA_H
#define KRA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define KRA_NOEXCEPT noexcept
extern "C" {
#else
#define KRA_NOEXCEPT
#endif
#define KRA_API __attribute__((visibility("default")))

enum kra_status {
  KRA_OK = 0,
  KRA_IO = 1,        /* the system refused: no space, no right, no such directory */
  KRA_REFUSED = 2,   /* the call itself was wrong */
  KRA_INTERNAL = 3
};

KRA_API uint32_t kra_abi(void) KRA_NOEXCEPT;
/* The release, "0.1.0". */
KRA_API const char *kra_version(void) KRA_NOEXCEPT;

/* A well-mixed 64-bit hash, the same on every machine and in every release. Not for secrets. */
KRA_API uint64_t kra_hash64(const void *bytes, size_t size) KRA_NOEXCEPT;
/* CRC32C; `before` is the checksum of what came before, 0 at the start. */
KRA_API uint32_t kra_crc32c(const void *bytes, size_t size, uint32_t before) KRA_NOEXCEPT;

/* After success the file holds exactly these bytes (mode 0600) and survives a power cut; after failure the old one is untouched. */
KRA_API int kra_replace(const char *path, const void *bytes, size_t size, char *error, size_t error_size) KRA_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
