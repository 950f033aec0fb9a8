// Own writes told from those of others: claimed before they happen, judged by their content when they arrive, however late. No time decides;
// age only bounds the memory. A value.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace kra {

class Echo {
 public:
  // `writer` (a connection, or 0 for kra itself) is about to write these bytes there.
  void claim(std::uint64_t writer, const std::string& path, std::string_view hash, std::uint64_t size, Instant now);
  // The oldest such claim of his has been written; what a look that begins from now on finds there is that, or younger; his
  // claims before it were written over.
  void done(std::uint64_t writer, const std::string& path, std::string_view hash);
  // It could not, or will not.
  void withdraw(std::uint64_t writer, const std::string& path, std::string_view hash);
  void drop_writer(std::uint64_t writer);

  // The moment for judge(): to be taken before the file is read.
  std::uint64_t now() const { return next_; }
  // Who claimed the bytes that a read which began at `began` has found. Where one writer claimed the same bytes more than once it is the latest
  // claim that was done by then, else the oldest. That claim is used up, and so are the older ones of that writer and all that were done by then: they
  // were written over.
  struct Claimed {
    bool claimed = false;
    std::uint64_t writer = 0;
  };
  Claimed judge(const std::string& path, std::string_view hash, std::uint64_t size, std::uint64_t began);

  bool has_claims(const std::string& path) const { return claims_.count(path) > 0; }
  std::size_t size() const { return by_age_.size(); }
  static constexpr std::size_t most = 4096;          // claims in all; the oldest goes
  static constexpr std::chrono::minutes longest{10};  // that a claim is kept

 private:
  struct Claim {
    std::uint64_t writer = 0, size = 0, number = 0, done = 0;
    std::string hash;
  };
  struct Age {
    std::string path;
    std::uint64_t number = 0;
    Instant at;
  };
  void forget(const std::string& path, std::uint64_t number);
  std::map<std::string, std::deque<Claim>> claims_;
  std::deque<Age> by_age_;
  std::uint64_t next_ = 1;
};

}  // namespace kra
