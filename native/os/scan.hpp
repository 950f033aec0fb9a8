// Directories and files looked at without being opened for long: what is there, and whether it is what it was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace kra {

// What tells one version of a file from another. Two that are equal were not written in between, as far as the file system's clock tells.
struct FileStamp {
  bool exists = false, regular = false, directory = false;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
  std::uint32_t mode = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

  // The same in eight bytes; 0 only of what is not there.
  std::uint64_t brief() const;
  // The same as a text; empty of what is not there.
  std::string identity() const;
};
// A link is looked at itself.
FileStamp stamp_of(const std::string& path);

struct FoundEntry {
  std::string name;
  bool directory = false;
  std::uint64_t stamp = 0;  // FileStamp::brief(); 0 of a directory, and where only names were asked for
  std::uint64_t inode = 0;
  std::int64_t changed_ns = 0;  // with the stamp
};
enum class Scan : std::uint8_t { names, stamps };  // stamps: each file is looked at too
// Without "." and "..", in no order. not_found: no directory (a link is none); refused: we may not read it, or not look at what is in it.
Result<std::vector<FoundEntry>> scan_directory(const std::string& path, Scan scan = Scan::stamps);
// Its names and what they stand for may be looked at.
bool may_read_directory(const std::string& path);
// The clock that file systems take their times from: what is written after this has no earlier one.
std::int64_t file_clock_ns();
// How far that clock stands from the time since the machine began; another figure later says that somebody has set it.
std::int64_t file_clock_offset_ns();

// A file read so that nobody wrote meanwhile. Of what is no regular file, cannot be read or is longer than the limit only the stamp is given.
struct ReadFile {
  FileStamp stamp;
  bool read = false;
  bool open = false;  // somebody has it open for writing, as far as the file system tells us
  bool hidden = false;  // we may not look there: nothing is known, not even whether it is there
  std::string bytes;
};
// Links are followed. `tries` times; a file that is written without pause is given as it was last.
ReadFile read_stable(const std::string& path, std::uint64_t limit, int tries = 4);

// The path with all links followed; of a file that is not there its directory's, with its name. Empty when there is no such directory.
std::string real_path(const std::string& path);

}  // namespace kra
