// A directory tree that others keep writing to. Files are read whole or not at all, and written by compare-and-swap: a path gets new bytes only
// while it still holds the bytes that are expected there. Paths are relative to the root and never lead out of it, nor through a link.
//
// Everything that ever was visible under a name and lost it goes to a slot: a file in a directory of ours on the same file system. A writer
// that had it open may still write into it, so whoever owns the slots looks at each one again before it lets go of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace kra {

enum class FileKind { none, file, link, directory, other };

struct FileLook {
  FileKind kind = FileKind::none;
  std::uint32_t permissions = 0;  // 07777
  std::uint32_t links = 0;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
  bool executable() const { return (permissions & 0100U) != 0; }
  friend bool operator==(const FileLook&, const FileLook&) = default;
};

struct FileContent {
  bool link = false;
  std::string bytes;  // of a link: where it leads
  FileLook look;
};

// The end of a slot's name while its file is being written.
inline constexpr std::string_view unfinished_slot = ".new";

// The end of the name of a second name of what came out of an exchange and was put back, before the time of that (WallTime): a writer that read the path
// in between may rename over it without ever having seen it.
inline constexpr std::string_view put_back_slot = ".out-";

// What a path is to hold.
struct WantedFile {
  bool link = false;
  std::string_view bytes;
  bool executable = false;
  std::optional<std::uint32_t> permissions = {};  // exactly these; else those that are there, or those that a new file gets
};

class LiveTree {
 public:
  // `slots` is an existing directory (absolute) on the file system of `root`.
  static Result<LiveTree> open(const std::string& root, const std::string& slots);
  const std::string& root() const { return root_; }

  // kind none when there is nothing; io for anything else.
  Result<FileLook> look(const std::string& path) const;
  // A version that was complete: no writer had the file open while it was read. not_found: nothing there. busy: it is being written
  // (tried until the patience is over). refused: above `limit`, or neither file nor link. At most 50 ms in the way of a writer for each 100 MB.
  Result<FileContent> read(const std::string& path, std::uint64_t limit, const Patience& patience) const;
  struct Name {
    std::string name;
    bool directory = false;
  };
  Result<std::vector<Name>> list(const std::string& directory) const;  // "" is the root

  // The path holds what is wanted. `known` is what must be there now; nothing: the name must be free. `slot` is a name never used before.
  // conflict: something else is there, untouched. busy: it is open for writing. refused: it cannot be done safely (hard links, a
  // directory in the way, another file system). The slot may hold a file afterwards in every case.
  Result<void> put(const std::string& path, const WantedFile& wanted, const std::optional<FileContent>& known, const std::string& slot) const;
  // The name is free. As put().
  Result<void> remove(const std::string& path, const FileContent& known, const std::string& slot) const;
  // The permissions of what is there, when it still holds the known bytes.
  Result<void> set_permissions(const std::string& path, std::uint32_t permissions) const;
  Result<void> make_directory(const std::string& path) const;  // with its parents; 0777 less the umask
  // Only an empty one: false when something is in it.
  Result<bool> remove_directory(const std::string& path) const;

  // What a slot holds, read as read() does; not_found when it is empty.
  Result<FileContent> read_slot(const std::string& slot, const Patience& patience) const;
  // Takes the slot away if it still holds what was read and nobody has it open for writing; busy otherwise.
  Result<void> drop_slot(const std::string& slot, const FileContent& known) const;
  // One whose name ends in unfinished_slot: a disk was full, or we were killed while it was written.
  Result<void> drop_unfinished(const std::string& slot) const;
  // A directory that took the name of a file in the very moment of an exchange lies in the slot: it gets the path if nothing else has it.
  Result<void> give_back(const std::string& slot, const std::string& path) const;
  Result<std::vector<std::string>> slots() const;

 private:
  LiveTree(std::string root, Fd root_fd, Fd slots_fd) : root_(std::move(root)), root_fd_(std::move(root_fd)), slots_fd_(std::move(slots_fd)) {}
  struct Place {
    Fd directory;
    std::string name;
  };
  Result<Place> place_of(const std::string& path) const;
  Result<void> write_slot(const std::string& slot, const WantedFile& wanted, std::uint32_t permissions, const std::string& path) const;
  Result<void> write_whole(const std::string& name, std::string_view bytes, std::uint32_t permissions, const std::string& path) const;
  Result<void> exchange(const Place& place, const FileLook& known, int lease, const std::string& slot, const std::string& path) const;
  void keep_before_put_back(const std::string& slot, int round) const;
  std::uint32_t names_of_ours(const FileLook& look) const;
  Result<void> put_new(const Place& place, const std::string& slot, const std::string& path) const;

  std::string root_;
  Fd root_fd_, slots_fd_;
};

}  // namespace kra
