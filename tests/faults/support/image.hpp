// An ext4 file system in a file on tmpfs whose power can be cut: the file system is shut down under the program (what was not synced is
// gone), unmounted, and mounted again. Needs root and loop devices; everything happens in a mount namespace of our own.
#pragma once

#include <filesystem>
#include <string>

namespace kra::faults {

class Image {
 public:
  // `options` are those of mount, e.g. "commit=300": ext4 would else commit its journal by itself and make a writer look safe.
  Image(const std::filesystem::path& work, std::string options);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  // Empty when all is there, else why power cannot be cut here.
  static std::string what_is_missing();

  const std::filesystem::path& path() const { return mounted_at_; }
  // What is there now, synced, is what restore() brings back.
  void keep();
  void restore();
  // With `flush` the journal of names reaches the disk first, what is in files may not. False when the system did not do it.
  bool cut(bool flush);
  // After a cut: what a machine would find that starts again.
  void start_again();

 private:
  void mount();
  void unmount();

  std::filesystem::path image_, kept_, mounted_at_;
  std::string options_;
  bool is_mounted_ = false;
};

}  // namespace kra::faults
