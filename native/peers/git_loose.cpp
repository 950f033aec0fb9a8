#include "peers/git_loose.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <set>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "os/disk_calls.hpp"
#include "wire/messages.hpp"

namespace kra {
namespace {

std::string big_endian(std::uint32_t number) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 255U);
  return out;
}

std::uint32_t adler32(std::string_view bytes) {
  constexpr std::uint32_t prime = 65521;
  constexpr std::size_t most = 5552;  // of which no sum overflows
  std::uint32_t low = 1, high = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(most, bytes.size()))) {
    for (const unsigned char byte : bytes.substr(0, most)) low += byte, high += low;
    low %= prime, high %= prime;
  }
  return high << 16 | low;
}

// A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4).
std::string stored(std::string_view bytes) {
  constexpr std::size_t block = 65535;
  std::string out = "\x78\x01";
  const auto sum = adler32(bytes);
  do {
    const auto part = bytes.substr(0, block);
    bytes.remove_prefix(part.size());
    const auto size = static_cast<std::uint16_t>(part.size()), other = static_cast<std::uint16_t>(~size);
    out += bytes.empty() ? '\1' : '\0';
    for (const auto number : {size, other}) out += static_cast<char>(number & 255U), out += static_cast<char>(number >> 8);
    out += part;
  } while (!bytes.empty());
  return out + big_endian(sum);
}

// Written under a name that git's own prune knows as unfinished, until it has its own.
class Writing {
 public:
  Writing(std::string directory, const std::string& name) : directory_(std::move(directory)), path_(cat(directory_, "/", name)) {}
  Writing(Writing&& other) noexcept
      : directory_(std::move(other.directory_)), path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})), fd_(std::move(other.fd_)) {}
  Writing& operator=(Writing&&) = delete;
  ~Writing() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  Result<void> write(std::string_view bytes) {
    if (::mkdir(directory_.c_str(), 0777) != 0 && errno != EEXIST) return calls::failure(directory_, "make the directory", errno);
    auto name = cat(directory_, "/tmp_obj_", new_uuid());
    fd_.reset(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444));
    if (!fd_) return calls::failure(name, "open", errno);
    temporary_ = std::move(name);
    return calls::write_all(fd_.get(), bytes, temporary_);
  }
  Result<void> sync() {
    TRY(calls::sync(fd_.get(), temporary_));
    fd_.reset();
    return {};
  }
  Result<void> name() {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return calls::failure(path_, "rename", errno);
    temporary_.clear();
    return {};
  }
  const std::string& directory() const { return directory_; }
  const std::string& path() const { return path_; }

 private:
  std::string directory_, path_, temporary_;
  Fd fd_;
};

}  // namespace

Result<std::vector<std::string>> write_loose(const std::string& git_directory, const std::vector<LooseObject>& objects) {
  std::vector<Writing> files;
  std::set<std::string> directories;
  files.reserve(objects.size());
  // Step by step for all of them: what the first waits for at the disk has mostly brought the others there too.
  for (const auto& object : objects) {
    auto& file = files.emplace_back(cat(git_directory, "/objects/", object.oid.substr(0, 2)), object.oid.substr(2));
    TRY(file.write(stored(cat(object.type, " ", object.bytes.size(), std::string_view("\0", 1), object.bytes))));
    directories.insert(file.directory());
  }
  for (auto& file : files) TRY(file.sync());
  for (auto& file : files) TRY(file.name());
  for (const auto& directory : directories) {
    const auto fd = TRY(calls::open_directory(directory));
    TRY(calls::sync(fd.get(), directory));
  }
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path());
  return paths;
}

}  // namespace kra
