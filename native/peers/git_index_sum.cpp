#include "peers/git_index_sum.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/checksum.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"

namespace kra {
namespace {

constexpr std::size_t longest_oid = 32;

class Summing {
 public:
  void add(std::string_view bytes) {
    size_ += bytes.size();
    sum_ = crc32c(bytes, sum_);
    end_ += bytes.substr(bytes.size() - std::min(bytes.size(), longest_oid));
    end_.erase(0, end_.size() - std::min(end_.size(), longest_oid));
  }
  std::string text() const { return cat(size_, " ", sum_, " ", end_); }

 private:
  std::uint64_t size_ = 0;
  std::uint32_t sum_ = 0;
  std::string end_;
};

}  // namespace

std::string index_sum(std::string_view bytes) {
  Summing summing;
  summing.add(bytes);
  return summing.text();
}

Result<std::string> index_sum_of_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno != ENOENT) return Error{Fault::io, cat(printable(path), ": open: ", std::strerror(errno))};
  Summing summing;
  std::array<char, 64U << 10> part;
  while (fd) {
    const auto got = ::read(fd.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Fault::io, cat(printable(path), ": read: ", std::strerror(errno))};
    if (got == 0) break;
    summing.add({part.data(), static_cast<std::size_t>(got)});
  }
  return summing.text();
}

}  // namespace kra
