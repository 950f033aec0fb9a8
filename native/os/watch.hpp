// Changes in directories as the system tells them: one queue for any number of directories. Linux has it as inotify(7); another system puts a
// file of its own beside watch_linux.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace kra {

struct DirectoryEvent {
  enum class What {
    created,    // the name is new; of a file nothing can be said yet about its content
    written,    // closed after writing, or its attributes changed
    touched,    // written to, and still open
    moved_out,  // with moved_in of the same cookie: one rename
    moved_in,
    deleted,
    left,       // the watched directory itself was moved or deleted
    ended,      // nothing comes from this watch any more
    lost,       // the queue ran over: anything may have changed anywhere
  };
  What what = What::lost;
  int watch = -1;
  bool directory = false;  // the name is one
  std::uint32_t cookie = 0;
  std::string name;  // in the directory; empty when the directory itself is meant
};

class DirectoryWatch {
 public:
  // busy: the user has no queue left (on Linux fs.inotify.max_user_instances).
  static Result<DirectoryWatch> open();

  // Readable when read() has something.
  int fd() const { return fd_.get(); }
  // The number of the watch; a directory that is watched already gives the same one again. A link is not followed. not_found: no such
  // directory; busy: no more can be watched (fs.inotify.max_user_watches); refused: we may not.
  Result<int> add(const std::string& directory);
  void remove(int watch);
  // What has come, in order, at most about a MiB at once; empty when nothing is left. Never waits.
  std::vector<DirectoryEvent> read();

 private:
  explicit DirectoryWatch(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// How many directories all programs of this user may watch together; 0 when the system does not say.
std::size_t directory_watch_limit();

// The file system changes behind this machine's back, or does not tell (network, FUSE, 9p): it has to be polled.
bool needs_polling(const std::string& directory);

}  // namespace kra
