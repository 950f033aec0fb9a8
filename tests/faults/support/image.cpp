#include "image.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace fs = std::filesystem;

namespace kra::faults {

static bool runs(const std::string& command) {
  int status = std::system(command.c_str());
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void must(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "crashpoint: %s\n", what);
  std::exit(3);
}

std::string Image::what_is_missing() {
  if (::geteuid() != 0) return "cutting the power needs root";
  if (!fs::exists("/dev/loop-control")) return "cutting the power needs loop devices";
  if (!runs("command -v mkfs.ext4 >/dev/null 2>&1")) return "cutting the power needs mkfs.ext4";
  if (!runs("unshare -m true 2>/dev/null")) return "cutting the power needs mount namespaces";
  return "";
}

Image::Image(const fs::path& work, std::string options)
    : image_(work / "image"), kept_(work / "image.kept"), mounted_at_(work / "mounted"), options_(std::move(options)) {
  must(::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "no mount namespace");
  fs::create_directories(mounted_at_);
  must(runs("rm -f '" + image_.string() + "' && truncate -s 16M '" + image_.string() + "' && mkfs.ext4 -q -F -J size=1 -E lazy_itable_init=0 '" +
            image_.string() + "'"), "mkfs.ext4 failed");
  mount();
  fs::remove(mounted_at_ / "lost+found");
}

Image::~Image() {
  if (is_mounted_) unmount();
}

void Image::mount() {
  must(runs("mount -o 'loop," + options_ + "' '" + image_.string() + "' '" + mounted_at_.string() + "'"), "mount failed");
  is_mounted_ = true;
}

void Image::unmount() {
  must(runs("umount '" + mounted_at_.string() + "'"), "umount failed");
  is_mounted_ = false;
}

void Image::keep() {
  unmount();  // which writes everything
  must(runs("cp --sparse=always '" + image_.string() + "' '" + kept_.string() + "'"), "cp failed");
}

void Image::restore() {
  if (is_mounted_) unmount();
  must(runs("cp --sparse=always '" + kept_.string() + "' '" + image_.string() + "'"), "cp failed");
  mount();
}

bool Image::cut(bool flush) {
  std::uint32_t how = flush ? 1 : 2;
  int fd = ::open(mounted_at_.c_str(), O_RDONLY | O_DIRECTORY);
  bool done = ::ioctl(fd, _IOR('X', 125, std::uint32_t), &how) == 0;
  ::close(fd);
  return done;
}

void Image::start_again() {
  unmount();
  mount();
}

}  // namespace kra::faults
