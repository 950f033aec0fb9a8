// The only door to files. Engine code takes a Disk&, so that tests can replace it by one that fails, fills up or crashes.
// All paths are absolute; their last part is never followed when it is a symbolic link. Errors carry the path and the system's
// words; nothing here prints.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/appender.hpp"
#include "os/lock.hpp"

namespace kra {

struct FileInfo {
  std::uint64_t size = 0;
  std::int64_t modified_ms = 0;
  bool directory = false;
  // Which file it is.
  std::uint64_t device = 0, inode = 0;
  std::int64_t modified_ns = 0;
};

// Temporary files begin with this. One that is found by whoever holds the lock of its directory belongs to a dead writer.
inline constexpr std::string_view temporary_prefix = ".tmp.";

class Disk {
 public:
  virtual ~Disk() = default;

  // The whole file; Fault::not_found when there is none, Fault::refused above `limit` bytes or when it is no regular file.
  virtual Result<std::string> read(const std::string& path, std::uint64_t limit) = 0;
  // The first `bytes` of the file, fewer when it is shorter.
  virtual Result<std::string> read_front(const std::string& path, std::uint64_t bytes) = 0;
  // After success the file holds exactly `bytes`, mode 0600, and survives a power cut: temporary file in the same directory,
  // fsync, rename, fsync of the directory. After failure the old file is untouched and no temporary file is left, with one
  // exception: when only the last fsync failed, the new content is there but may not outlive a power cut.
  virtual Result<void> replace(const std::string& path, std::string_view bytes) = 0;
  // As replace(), without waiting for the disk: for what nobody misses. After a power cut the old file may be there, or one that cannot be read.
  virtual Result<void> replace_lightly(const std::string& path, std::string_view bytes) { return replace(path, bytes); }
  // As replace(), but Fault::conflict when the name is taken: a new file never takes the place of another. On a file system with neither
  // hard links nor a rename that refuses, that holds among writers that hold one lock.
  virtual Result<void> create(const std::string& path, std::string_view bytes) = 0;
  // Adds at the end, making the file when there is none; with `durable` the bytes are on the disk (fdatasync) when it returns.
  // After failure the file has the length that it had. One writer at a time.
  virtual Result<void> append(const std::string& path, std::string_view bytes, bool durable) = 0;
  // For a file that gets many small records, from several processes at once. Made when it is missing.
  virtual Result<std::unique_ptr<Appender>> open_append(const std::string& path);
  // Does the work while no Appender adds to that file, and nobody else has a lock on it; the work may replace or remove it. not_found when there
  // is none, busy when it is held for longer than that.
  virtual Result<void> hold_appends(const std::string& path, const std::function<Result<void>()>& work, Milliseconds patience = Milliseconds(200));
  virtual Result<void> truncate(const std::string& path, std::uint64_t size) = 0;
  // The directory and its missing parents, mode 0700, each synced into its parent.
  virtual Result<void> make_directory(const std::string& path) = 0;
  // Names without "." and "..", sorted bytewise; Fault::not_found when there is no such directory.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<FileInfo> info(const std::string& path) = 0;
  // Within one file system, replacing a target file (or an empty target directory), both directories synced.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // Done also when there was nothing to remove.
  virtual Result<void> remove(const std::string& path) = 0;
  // A directory with everything in it; links are removed, not followed.
  virtual Result<void> remove_tree(const std::string& path) = 0;
  // What the directory lists now survives a power cut. Nothing is done for a directory that we may not read.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  // Lock::take(), so that a disk in memory needs no lock file.
  virtual Result<Lock> lock(const std::string& path, const Patience& patience) = 0;
};

// The real one. Stateless, so one object may serve all threads.
class SystemDisk : public Disk {
 public:
  Result<std::string> read(const std::string& path, std::uint64_t limit) override;
  Result<std::string> read_front(const std::string& path, std::uint64_t bytes) override;
  Result<void> replace(const std::string& path, std::string_view bytes) override;
  Result<void> replace_lightly(const std::string& path, std::string_view bytes) override;
  Result<void> create(const std::string& path, std::string_view bytes) override;
  Result<void> append(const std::string& path, std::string_view bytes, bool durable) override;
  Result<std::unique_ptr<Appender>> open_append(const std::string& path) override;
  Result<void> hold_appends(const std::string& path, const std::function<Result<void>()>& work, Milliseconds patience = Milliseconds(200)) override;
  Result<void> truncate(const std::string& path, std::uint64_t size) override;
  Result<void> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_tree(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<Lock> lock(const std::string& path, const Patience& patience) override;
};

// The directory that holds `path`, and its name in there. "/a" lies in "/".
std::string directory_part(const std::string& path);
std::string name_part(const std::string& path);

}  // namespace kra
