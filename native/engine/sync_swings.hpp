// A file that two devices change back and forth (two formatters that disagree, …). Each device remembers what came for a path and what it made of it:
// when it takes the same change back for the third time, the path is held until somebody decides. A value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kra {

class Swings {
 public:
  static constexpr int most = 3;
  static constexpr std::size_t kept = 1000;  // paths; the oldest go

  // What came from the remote was written here: `to` in the place of `from`. Ids of contents, empty: not there.
  void came(const std::string& path, const std::string& from, const std::string& to);
  // This went to the remote.
  void went(const std::string& path, const std::string& from, const std::string& to);
  // Whether it has gone back and forth so often that one more time is not wanted.
  bool too_often(const std::string& path, const std::string& from, const std::string& to) const;
  void forget(const std::string& path) { swings_.erase(path); }

  std::string text() const;
  static Swings from_text(std::string_view text);

 private:
  struct Swing {
    std::string from, to;  // that came last
    int back = 0;          // how often that has been taken back
    std::uint64_t number = 0;
  };
  void shrink();
  std::map<std::string, Swing> swings_;
  std::uint64_t next_ = 1;
};

}  // namespace kra
