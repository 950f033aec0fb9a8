// The system calls that change files, and where each has its path or descriptor.
#pragma once

#include <sys/syscall.h>

namespace kra::faults {

enum class Place {
  fd0, fd2,    // a descriptor
  path0,       // a path, relative to the working directory
  path0_path1,
  at01,        // a directory's descriptor and a path
  at01_at23,
  at12,        // symlinkat: the path is the second of three
  mapping,     // mmap: counts only as something forbidden
  ring,        // io_uring: the harness could not see what it does
};

struct Call {
  int number;
  const char* name;
  Place place;
  bool writes = false;  // its third argument is a length that can be halved
};

#define KRA_CALL(name, ...) {SYS_##name, #name, __VA_ARGS__}
inline constexpr Call calls[] = {
    KRA_CALL(write, Place::fd0, true), KRA_CALL(pwrite64, Place::fd0, true), KRA_CALL(writev, Place::fd0), KRA_CALL(pwritev, Place::fd0),
    KRA_CALL(pwritev2, Place::fd0), KRA_CALL(sendfile, Place::fd0), KRA_CALL(ftruncate, Place::fd0), KRA_CALL(fallocate, Place::fd0),
    KRA_CALL(fsync, Place::fd0), KRA_CALL(fdatasync, Place::fd0), KRA_CALL(sync_file_range, Place::fd0), KRA_CALL(syncfs, Place::fd0),
    KRA_CALL(fchmod, Place::fd0), KRA_CALL(fchown, Place::fd0), KRA_CALL(flock, Place::fd0), KRA_CALL(fsetxattr, Place::fd0),
    KRA_CALL(copy_file_range, Place::fd2), KRA_CALL(splice, Place::fd2),
    KRA_CALL(open, Place::path0), KRA_CALL(creat, Place::path0), KRA_CALL(unlink, Place::path0), KRA_CALL(mkdir, Place::path0),
    KRA_CALL(rmdir, Place::path0), KRA_CALL(truncate, Place::path0), KRA_CALL(chmod, Place::path0), KRA_CALL(lchown, Place::path0),
    KRA_CALL(setxattr, Place::path0), KRA_CALL(rename, Place::path0_path1), KRA_CALL(link, Place::path0_path1),
    KRA_CALL(symlink, Place::path0_path1),
    KRA_CALL(openat, Place::at01), KRA_CALL(openat2, Place::at01), KRA_CALL(unlinkat, Place::at01), KRA_CALL(mkdirat, Place::at01),
    KRA_CALL(mknodat, Place::at01), KRA_CALL(fchmodat, Place::at01), KRA_CALL(fchownat, Place::at01), KRA_CALL(utimensat, Place::at01),
    KRA_CALL(renameat, Place::at01_at23), KRA_CALL(renameat2, Place::at01_at23), KRA_CALL(linkat, Place::at01_at23),
    KRA_CALL(symlinkat, Place::at12),
    KRA_CALL(mmap, Place::mapping), KRA_CALL(io_uring_setup, Place::ring), KRA_CALL(io_uring_enter, Place::ring),
};
#undef KRA_CALL

}  // namespace kra::faults
