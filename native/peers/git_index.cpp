// The index file, read without git: so nothing of the repository's runs, and a held index.lock is no hindrance.
#include "base/text.hpp"
#include "peers/git_repository.hpp"

namespace kra {
namespace {

constexpr std::size_t stat_bytes = 40;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

std::string hex_of(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) out += digits[static_cast<unsigned char>(c) >> 4], out += digits[static_cast<unsigned char>(c) & 15];
  return out;
}

std::string mode_text(std::uint32_t mode) {
  switch (mode >> 12) {
    case 012: return "120000";
    case 016: return "160000";
    case 004: return "040000";
    default: return (mode & 0100U) != 0 ? "100755" : "100644";
  }
}

class IndexReader {
 public:
  IndexReader(std::string_view file, std::size_t oid) : file_(file), oid_(oid) {}

  Result<IndexMap> read() {
    if (file_.size() < 12 + oid_ || !file_.starts_with("DIRC")) return damaged();
    version_ = number_at(file_, 4);
    if (version_ < 2 || version_ > 4) return Error{Fault::refused, cat("an index of version ", version_, " is not supported")};
    const auto count = number_at(file_, 8);
    at_ = 12;
    for (std::uint32_t n = 0; n < count; ++n)
      if (!entry()) return damaged();
    TRY(extensions());
    return std::move(entries_);
  }

 private:
  static Error damaged() { return {Fault::corrupt, "the index of the repository is damaged"}; }

  bool entry() {
    const auto start = at_;
    const auto fixed = stat_bytes + oid_ + 2;
    if (file_.size() < at_ + fixed + 2) return false;
    IndexEntry entry{.mode = mode_text(number_at(file_, at_ + 24)), .oid = hex_of(file_.substr(at_ + stat_bytes, oid_))};
    const auto flags = number_at(file_, at_ + stat_bytes + oid_) >> 16;
    at_ += fixed;
    entry.stage = static_cast<int>(flags >> 12 & 3U);
    if ((flags & 0x4000U) != 0) {
      const auto more = number_at(file_, at_) >> 16;
      entry.skip_worktree = (more & 0x4000U) != 0, entry.intent_to_add = (more & 0x2000U) != 0;
      at_ += 2;
    }
    if (!name()) return false;
    if (version_ < 4) at_ = start + ((at_ - start + 8) & ~std::size_t{7});
    else ++at_;
    entries_.emplace_hint(entries_.end(), path_, std::move(entry));
    return at_ <= file_.size();
  }

  // The path up to its NUL; in version 4 what it shares with the one before is left out.
  bool name() {
    std::size_t drop = path_.size();
    if (version_ == 4) {
      std::size_t value = 0;
      for (bool first = true, more = true; more; first = false) {
        if (at_ >= file_.size()) return false;
        const auto byte = static_cast<unsigned char>(file_[at_++]);
        value = first ? byte & 127U : (value + 1) << 7 | (byte & 127U);
        more = (byte & 128U) != 0;
      }
      if (value > drop) return false;
      drop = value;
    }
    const auto end = file_.find('\0', at_);
    if (end == file_.npos) return false;
    path_.resize(path_.size() - drop);
    path_.append(file_.substr(at_, end - at_));
    at_ = end;
    return true;
  }

  Result<void> extensions() {
    while (at_ + 8 + oid_ <= file_.size()) {
      const auto name = file_.substr(at_, 4);
      if (name == "link") return Error{Fault::refused, "a split index is not supported; `git update-index --no-split-index` joins it"};
      if (name == "sdir") return Error{Fault::refused, "a sparse index is not supported; `git sparse-checkout reapply --no-sparse-index` spreads it out"};
      at_ += 8 + number_at(file_, at_ + 4);
    }
    return {};
  }

  std::string_view file_;
  std::size_t oid_, at_ = 0;
  std::uint32_t version_ = 0;
  std::string path_;
  IndexMap entries_;
};

}  // namespace

Result<IndexMap> parse_index(std::string_view file, bool sha256) {
  if (file.empty()) return IndexMap{};
  return IndexReader(file, sha256 ? 32 : 20).read();
}

}  // namespace kra
