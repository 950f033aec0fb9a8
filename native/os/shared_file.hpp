// A file in memory that outlives its process: what is stored in it has left the process at once, without a call, and is there when the process
// is killed at any moment. Not for a power cut, and not for what has no other place: a page may reach the disk long after its neighbour.
#pragma once

#include <cstddef>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace kra {

class SharedFile {
 public:
  // A new file of that size, full of zeros, mode 0600, with an flock that lasts as long as the process or this object. Its room is taken now: storing
  // into it cannot fail, which would end the process. refused: a file system that promises no such room; conflict: the name is taken.
  static Result<SharedFile> create(const std::string& path, std::size_t size);

  SharedFile(SharedFile&& other) noexcept;
  SharedFile& operator=(SharedFile&&) = delete;
  ~SharedFile();

  char* bytes() const { return bytes_; }
  std::size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  SharedFile(std::string path, Fd fd, char* bytes, std::size_t size) : path_(std::move(path)), fd_(std::move(fd)), bytes_(bytes), size_(size) {}
  std::string path_;
  Fd fd_;
  char* bytes_;
  std::size_t size_;
};

}  // namespace kra
