// Who has which file loaded, and what each has of it. A value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kra {

// What a file is now, as far as anybody who has it loaded is concerned.
struct FileState {
  bool exists = false;
  std::string identity;  // FileStamp::identity()
  std::string hash;      // 16 hex digits; empty when there is no text to speak of
  std::uint64_t size = 0;
  friend bool operator==(const FileState&, const FileState&) = default;
};

struct LoadedFile {
  struct Holder {
    std::string path;  // as he names it
    std::string has;   // hash of what he has; empty: not known
    std::uint64_t done = 0;  // Echo::now() when he said last that he has written
  };
  std::string root;
  FileState state;
  bool looked_at = false;
  std::uint64_t seq = 0;
  std::map<std::uint64_t, Holder> holders;  // by connection
};

class LoadedFiles {
 public:
  // `path`: the real one. True when nobody had it loaded.
  bool hold(const std::string& path, const std::string& root, std::uint64_t client, const std::string& named, const std::string& has);
  struct Unloaded {
    std::string path, root;
  };
  // Those that nobody has loaded any more.
  std::vector<Unloaded> release(std::uint64_t client, const std::string& named);
  std::vector<Unloaded> release_all(std::uint64_t client);
  // It has another path now. Somebody may have loaded that one already; then they are one. `named` renames the holders of the old one.
  void rename(const std::string& from, const std::string& to);

  LoadedFile* find(const std::string& path);
  const LoadedFile* find(const std::string& path) const;
  const std::map<std::string, LoadedFile>& all() const { return files_; }
  std::map<std::string, LoadedFile>& all() { return files_; }
  // Those that lie in that directory itself.
  template <class Visit>
  void each_in(const std::string& directory, Visit visit) const {
    const auto front = directory == "/" ? directory : directory + "/";
    for (auto at = files_.lower_bound(front); at != files_.end() && at->first.starts_with(front); ++at)
      if (at->first.find('/', front.size()) == std::string::npos) visit(at->first, at->second);
  }
  // Connections that have a file of that root loaded.
  std::vector<std::uint64_t> clients_of(const std::string& root) const;
  std::size_t count_of(std::uint64_t client) const;

 private:
  std::map<std::string, LoadedFile> files_;
};

}  // namespace kra
