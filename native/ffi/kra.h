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
  KRA_INTERNAL = 3,
  KRA_ELSEWHERE = 4  /* done, but in the second place: `error` says why */
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

/* A draft journal (doc/format.md). A handle is used by one thread at a time; any number of processes may add to one journal. */
typedef struct kra_journal kra_journal;
/* `second` is used while `path` cannot be; NULL: none. Touches no file. NULL when the call was wrong or memory ran out. */
KRA_API kra_journal *kra_journal_open(const char *path, const char *second, char *error, size_t error_size) KRA_NOEXCEPT;
/* The frame of a payload: mark, length, type, checksum, payload. Returns how many bytes it has (0: more than a frame may have) and writes them
 * when `out_size` is enough. */
KRA_API size_t kra_journal_frame(uint8_t type, const void *payload, size_t size, void *out, size_t out_size) KRA_NOEXCEPT;
/* Adds whole frames, one after another, in one piece; anything else is KRA_REFUSED. With `sync` other than 0 they survive a power cut. After
 * KRA_OK and KRA_ELSEWHERE they survive the end of this process, after anything else none of them is there. */
KRA_API int kra_journal_append(kra_journal *journal, const void *frames, size_t size, int sync, char *error, size_t error_size) KRA_NOEXCEPT;
KRA_API void kra_journal_close(kra_journal *journal) KRA_NOEXCEPT;

/* The net under what is typed (doc/format.md): each edit lies there until the journal has it, and is found there when this process dies without a
 * word. Nothing here asks the system after it was opened. */
typedef struct kra_net kra_net;
/* A new file at `path`, or at `second` (NULL: none) where that cannot be. `editor` is the payload of the editor's record. NULL when it cannot be
 * had: without it everything works, but for what is typed in the time before the next flush. */
KRA_API kra_net *kra_net_open(const char *path, const char *second, const void *editor, size_t editor_size, char *error, size_t error_size) KRA_NOEXCEPT;
/* Lines `first` to `last` of a buffer became the `count` lines of `text`; `after` is the seq of its newest record, `gap` other than 0: something was
 * left out before. KRA_IO: no room, until it was emptied. */
KRA_API int kra_net_edit(kra_net *net, const void *buffer, size_t buffer_size, double after, int gap, uint32_t first, uint32_t last, uint32_t count,
                         const void *text, size_t size) KRA_NOEXCEPT;
/* Another record, by its type and payload. */
KRA_API int kra_net_add(kra_net *net, uint8_t type, const void *payload, size_t size) KRA_NOEXCEPT;
/* The journal has all of it. With `wipe` other than 0 no byte of a text is left. */
KRA_API void kra_net_empty(kra_net *net, int wipe) KRA_NOEXCEPT;
/* With `remove` other than 0 its file goes too. */
KRA_API void kra_net_close(kra_net *net, int remove) KRA_NOEXCEPT;

/* What differs between two texts, in lines as an editor's buffer has them: without their ends, and never none. Each change is four
 * numbers: the first and the last (exclusive) of the lines of `before`, and of those of `after`. At most `capacity` changes are
 * written to `changes`; `count` says how many there are, so that who had too little room can ask again. */
KRA_API int kra_hunks(const void *before, size_t before_size, const void *after, size_t after_size, uint32_t *changes, size_t capacity,
                      size_t *count, char *error, size_t error_size) KRA_NOEXCEPT;

/* What two sides made of a common text, in the same lines. Each part is seven numbers: its kind (1 only ours changed it, 2 only
 * theirs, 3 both alike, 4 a conflict), then the first and the last (exclusive) of the lines of base, ours and theirs. Taking
 * theirs for each part of kind 2, from the last to the first, makes ours the merged text. */
KRA_API int kra_merge(const void *base, size_t base_size, const void *ours, size_t ours_size, const void *theirs, size_t theirs_size,
                      uint32_t *parts, size_t capacity, size_t *count, char *error, size_t error_size) KRA_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
