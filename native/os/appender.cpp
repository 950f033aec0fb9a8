#include "os/appender.hpp"

#include <sys/file.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.hpp"
#include "os/disk.hpp"
#include "os/disk_calls.hpp"

namespace kra {

using calls::again;
using calls::failure;

namespace {

constexpr Milliseconds turn_patience{200};

class HeldFile {
 public:
  explicit HeldFile(int fd) : fd_(fd) {}
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  // Said, not left to close(): a copy of the descriptor would keep it.
  ~HeldFile() {
    if (held_) ::flock(fd_, LOCK_UN);
  }

  // errno of what went wrong; EWOULDBLOCK when another kept it.
  int take(Milliseconds longest = turn_patience) {
    if (take_now()) return 0;
    auto patience = Patience::of(longest);
    for (int pause_ms = 1; errno == EWOULDBLOCK && !patience.over(); pause_ms = std::min(pause_ms * 2, 20)) {
      std::this_thread::sleep_for(Milliseconds(patience.left_ms(pause_ms)));
      if (take_now()) return 0;
    }
    return errno;
  }

 private:
  bool take_now() { return held_ = again([&] { return ::flock(fd_, LOCK_EX | LOCK_NB); }) == 0; }
  int fd_;
  bool held_ = false;
};

class SystemAppender : public Appender {
 public:
  explicit SystemAppender(std::string path) : path_(std::move(path)) {}

  Result<void> append(std::string_view bytes, Turn turn) override {
    TRY(take_turn());
    auto written = write(bytes);
    if (!written || turn == Turn::given_back) rest();
    return written;
  }

  void rest() override { held_.reset(); }

  Result<void> sync() override {
    Fd fd;
    bool is_new = false;
    {
      std::lock_guard hold(mutex_);
      if (!fd_) return {};
      fd.reset(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
      if (!fd) return failure(path_, "dup", errno);
      is_new = std::exchange(is_new_, false);
    }
    auto synced = calls::sync_data(fd.get(), path_);
    if (synced && is_new) synced = SystemDisk().sync_directory(directory_part(path_));
    return synced;
  }

  Result<void> open() {
    if (fd_) return {};
    auto fd = TRY(calls::open_file(path_, O_WRONLY | O_APPEND | O_CREAT));
    std::lock_guard hold(mutex_);
    fd_ = std::move(fd);
    is_new_ = true;
    return {};
  }

 private:
  // While it is held nobody replaces the file or adds to it: `size_` is its length.
  Result<void> take_turn() {
    // Twice is enough unless somebody replaces the file all the time.
    for (int attempt = 0; !held_ && attempt < 4; ++attempt) {
      TRY(open());
      held_.emplace(fd_.get());
      if (int number = held_->take(); number != 0) return held_.reset(), refusal(number);
      auto before = calls::status(fd_.get(), path_);
      if (!before) return held_.reset(), std::move(before.error());
      size_ = before->st_size;
      if (before->st_nlink > 0) return {};
      close();
    }
    if (held_) return {};
    return Error{Fault::busy, cat(printable(path_), " is replaced all the time")};
  }

  Error refusal(int number) const {
    if (number == EWOULDBLOCK) return Error{Fault::busy, cat(printable(path_), " is held by another writer")};
    return failure(path_, "lock", number);
  }

  void close() {
    held_.reset();
    std::lock_guard hold(mutex_);
    fd_.reset();
  }

  Result<void> write(std::string_view bytes) {
    auto written = calls::write_all(fd_.get(), bytes, path_);
    if (written) size_ += static_cast<off_t>(bytes.size());
    else (void)!::ftruncate(fd_.get(), size_);
    return written;
  }

  std::string path_;
  std::mutex mutex_;  // sync() may run on another thread
  Fd fd_;
  bool is_new_ = false;  // perhaps: its name is not known to be on the disk
  std::optional<HeldFile> held_;
  off_t size_ = 0;
};

// For a disk that has nothing better.
class PlainAppender : public Appender {
 public:
  PlainAppender(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  Result<void> append(std::string_view bytes, Turn) override { return disk_.append(path_, bytes, false); }
  Result<void> sync() override {
    TRY(disk_.append(path_, "", true));
    return disk_.sync_directory(directory_part(path_));
  }

 private:
  Disk& disk_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<Appender>> Disk::open_append(const std::string& path) {
  return std::unique_ptr<Appender>(std::make_unique<PlainAppender>(*this, path));
}

Result<void> Disk::hold_appends(const std::string& path, const std::function<Result<void>()>& work, Milliseconds) {
  TRY(info(path));
  return work();
}

Result<void> SystemDisk::hold_appends(const std::string& path, const std::function<Result<void>()>& work, Milliseconds patience) {
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto fd = TRY(calls::open_file(path, O_RDONLY));
    HeldFile held(fd.get());
    if (int number = held.take(patience); number != 0) return Error{Fault::busy, cat(printable(path), " is held by another writer")};
    if (TRY(calls::status(fd.get(), path)).st_nlink > 0) return work();
  }
  return Error{Fault::busy, cat(printable(path), " is replaced all the time")};
}

Result<std::unique_ptr<Appender>> SystemDisk::open_append(const std::string& path) {
  auto appender = std::make_unique<SystemAppender>(path);
  TRY(appender->open());
  return std::unique_ptr<Appender>(std::move(appender));
}

}  // namespace kra
