// The real disk: complete files or none, links refused, nothing left behind.
#include "os/disk.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>


#include "../catch.hpp"
#include "../scratch.hpp"

using namespace kra;
using Names = std::vector<std::string>;

TEST_CASE("a replaced file holds the new bytes, for us alone, and nothing else is left") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.replace(scratch / "a", "one").ok());
  REQUIRE(disk.replace(scratch / "a", std::string("tw\0", 3)).ok());
  CHECK(*disk.read(scratch / "a", 10) == std::string("tw\0", 3));
  CHECK(*disk.list(scratch.path()) == Names{"a"});
  struct stat info;
  REQUIRE(::stat((scratch / "a").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("a file that is replaced lightly is whole for all that read it") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.replace_lightly(scratch / "a", "one").ok());
  REQUIRE(disk.replace_lightly(scratch / "a", "two").ok());
  CHECK(*disk.read(scratch / "a", 10) == "two");
  CHECK(*disk.list(scratch.path()) == Names{"a"});
  ::symlink("a", (scratch / "link").c_str());
  CHECK(disk.replace_lightly(scratch / "link", "x").error().fault == Fault::refused);
}

TEST_CASE("a created file never takes the place of another") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.create(scratch / "a", "one").ok());
  auto second = disk.create(scratch / "a", "two");
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().fault == Fault::conflict);
  CHECK(*disk.read(scratch / "a", 10) == "one");
  CHECK(*disk.list(scratch.path()) == Names{"a"});
}

// From here on these system calls of this process fail.
static bool deny(std::vector<std::uint32_t> calls, std::uint32_t number) {
  std::vector<sock_filter> program{{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)}};
  for (auto call : calls) {
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call});
    program.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | number});
  }
  program.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// 0: a file was made, and a second one under its name refused.
static int create_twice(const std::string& path) {
  SystemDisk disk;
  if (!disk.create(path, "one")) return 1;
  auto second = disk.create(path, "two");
  return second || second.error().fault != Fault::conflict ? 2 : 0;
}

TEST_CASE("a file is created where there are no hard links") {
  const std::vector<std::pair<std::vector<std::uint32_t>, std::uint32_t>> systems = {
      {{__NR_linkat}, EPERM}, {{__NR_linkat}, ENOSYS}, {{__NR_linkat, __NR_renameat2}, EOPNOTSUPP}};
  for (const auto& [calls, number] : systems) {
    Scratch scratch;
    const auto path = scratch / "a";
    const auto child = ::fork();
    if (child == 0) ::_exit(deny(calls, number) ? create_twice(path) : 99);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99) {
      WARN("no system call filters here");
      return;
    }
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(*SystemDisk().read(path, 10) == "one");
    CHECK(*SystemDisk().list(scratch.path()) == Names{"a"});
  }
}

TEST_CASE("a symbolic link is neither read nor replaced nor added to") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.replace(scratch / "a", "one").ok());
  REQUIRE(::symlink("a", (scratch / "link").c_str()) == 0);
  CHECK(disk.read(scratch / "link", 10).error().fault == Fault::refused);
  CHECK(disk.replace(scratch / "link", "two").error().fault == Fault::refused);
  CHECK(disk.create(scratch / "link", "two").error().fault == Fault::conflict);
  CHECK_FALSE(disk.append(scratch / "link", "two", false).ok());
  CHECK(*disk.read(scratch / "a", 10) == "one");
  CHECK(*disk.list(scratch.path()) == Names{"a", "link"});
}

TEST_CASE("what is no regular file, or too long, is not read") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(::mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  CHECK(disk.read(scratch / "pipe", 10).error().fault == Fault::refused);
  REQUIRE(disk.replace(scratch / "a", "12345").ok());
  CHECK(disk.read(scratch / "a", 5).ok());
  CHECK(disk.read(scratch / "a", 4).error().fault == Fault::refused);
  CHECK(*disk.read_front(scratch / "a", 3) == "123");
  CHECK(*disk.read_front(scratch / "a", 30) == "12345");
  CHECK(disk.read(scratch / "none", 4).error().fault == Fault::not_found);
  CHECK(disk.read(scratch / "a/none", 4).error().fault == Fault::not_found);
}

TEST_CASE("appending adds at the end and makes the file") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.append(scratch / "j", "one", true).ok());
  REQUIRE(disk.append(scratch / "j", "two", false).ok());
  CHECK(*disk.read(scratch / "j", 10) == "onetwo");
  REQUIRE(disk.truncate(scratch / "j", 3).ok());
  CHECK(*disk.read(scratch / "j", 10) == "one");
}

// Beyond the limit of a file's size the kernel writes a part and refuses the rest, as a full disk does.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  rlimit before_;
  void (*signal_)(int);
};

TEST_CASE("a write that stops in the middle leaves what was there") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.replace(scratch / "a", "good").ok());
  REQUIRE(disk.append(scratch / "j", "record", true).ok());
  {
    FileSizeLimit limit(4096);
    auto replaced = disk.replace(scratch / "a", std::string(10'000, 'x'));
    REQUIRE_FALSE(replaced.ok());
    CHECK(replaced.error().fault == Fault::io);
    CHECK_FALSE(disk.create(scratch / "b", std::string(10'000, 'x')).ok());
    CHECK_FALSE(disk.append(scratch / "j", std::string(10'000, 'x'), true).ok());
  }
  CHECK(*disk.read(scratch / "a", 100) == "good");
  CHECK(*disk.read(scratch / "j", 100) == "record");
  CHECK(*disk.list(scratch.path()) == Names{"a", "j"});
}

TEST_CASE("directories are made with their parents and removed with their content") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.make_directory(scratch / "a/b/c").ok());
  REQUIRE(disk.make_directory(scratch / "a/b/c").ok());
  CHECK(disk.info(scratch / "a/b")->directory);
  REQUIRE(disk.replace(scratch / "a/b/file", "1").ok());
  CHECK_FALSE(disk.make_directory(scratch / "a/b/file/d").ok());
  REQUIRE(disk.replace(scratch / "outside", "1").ok());
  REQUIRE(::symlink(scratch.path().c_str(), (scratch / "a/b/link").c_str()) == 0);
  REQUIRE(disk.remove_tree(scratch / "a").ok());
  CHECK(*disk.list(scratch.path()) == Names{"outside"});
  CHECK(disk.remove_tree(scratch / "a").ok());
  CHECK(disk.remove(scratch / "a").ok());
  CHECK(disk.list(scratch / "a").error().fault == Fault::not_found);
}

TEST_CASE("renaming replaces a file and names the reason when it cannot") {
  Scratch scratch;
  SystemDisk disk;
  REQUIRE(disk.replace(scratch / "a", "1").ok());
  REQUIRE(disk.replace(scratch / "b", "2").ok());
  REQUIRE(disk.rename(scratch / "a", scratch / "b").ok());
  CHECK(*disk.read(scratch / "b", 10) == "1");
  CHECK(disk.rename(scratch / "a", scratch / "b").error().fault == Fault::not_found);
}

TEST_CASE("a path has a directory and a name") {
  CHECK(directory_part("/a/b") == "/a");
  CHECK(directory_part("/a") == "/");
  CHECK(name_part("/a/b") == "b");
}
