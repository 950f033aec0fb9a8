// The C ABI: it gives what the engine gives, and answers what is wrong with a status.
#include "ffi/kra.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/checksum.hpp"
#include "base/version.hpp"
#include "os/disk.hpp"

TEST_CASE("the library says what it is") {
  CHECK(kra_abi() == 1);
  CHECK(kra_version() == std::string(kra::version()));
}

TEST_CASE("checksums are those of the engine") {
  CHECK(kra_crc32c("123456789", 9, 0) == 0xe3069283U);
  CHECK(kra_crc32c("56789", 5, kra_crc32c("1234", 4, 0)) == 0xe3069283U);
  CHECK(kra_hash64("abc", 3) == kra::hash64("abc"));
  CHECK(kra_hash64(nullptr, 0) == kra::hash64(""));
}

TEST_CASE("a file is replaced whole, and a failure says why") {
  char directory[] = "/tmp/kra-ffi-XXXXXX";
  REQUIRE(::mkdtemp(directory));
  std::string path = std::string(directory) + "/file";
  char why[64] = "";
  CHECK(kra_replace(path.c_str(), "a\0b", 3, why, sizeof why) == KRA_OK);
  kra::SystemDisk disk;
  CHECK(*disk.read(path, 100) == std::string("a\0b", 3));
  CHECK(kra_replace((path + "/below").c_str(), "x", 1, why, sizeof why) == KRA_IO);
  CHECK(std::strlen(why) > 0);
  CHECK(std::strlen(why) < sizeof why);
  CHECK(kra_replace("relative", "x", 1, why, sizeof why) == KRA_REFUSED);
  CHECK(kra_replace(nullptr, "x", 1, nullptr, 0) == KRA_REFUSED);
  CHECK(kra_replace(path.c_str(), nullptr, 1, why, 1) == KRA_REFUSED);
  CHECK(std::strlen(why) == 0);
  CHECK(*disk.read(path, 100) == std::string("a\0b", 3));
  REQUIRE(disk.remove_tree(directory).ok());
}

TEST_CASE("a journal of drafts is framed and added to") {
  kra::Scratch scratch;
  std::string path = scratch / "state/drafts/c.journal", second = scratch / "run/c.journal";
  char why[128] = "";
  auto* journal = kra_journal_open(path.c_str(), second.c_str(), why, sizeof why);
  REQUIRE(journal);
  const std::string payload("\x92\x07\x80", 3);
  auto length = kra_journal_frame(4, payload.data(), payload.size(), nullptr, 0);
  CHECK(length == 16);
  std::string frame(length, '\0');
  CHECK(kra_journal_frame(4, payload.data(), payload.size(), frame.data(), length - 1) == length);
  CHECK(frame == std::string(length, '\0'));
  REQUIRE(kra_journal_frame(4, payload.data(), payload.size(), frame.data(), frame.size()) == length);
  CHECK(kra_journal_append(journal, frame.data(), frame.size(), 0, why, sizeof why) == KRA_OK);
  CHECK(kra_journal_append(journal, frame.data(), frame.size(), 1, why, sizeof why) == KRA_OK);
  CHECK(kra_journal_append(journal, frame.data(), frame.size() - 1, 0, why, sizeof why) == KRA_REFUSED);
  CHECK(kra_journal_append(nullptr, frame.data(), frame.size(), 0, why, sizeof why) == KRA_REFUSED);
  kra::SystemDisk disk;
  CHECK(*disk.read(path, 1000) == frame + frame);
  REQUIRE(disk.remove_tree(scratch / "state").ok());
  REQUIRE(disk.replace(scratch / "state", "a file in the way").ok());
  CHECK(kra_journal_append(journal, frame.data(), frame.size(), 0, why, sizeof why) == KRA_ELSEWHERE);
  CHECK(std::strlen(why) > 0);
  CHECK(*disk.read(second, 1000) == frame);
  kra_journal_close(journal);
  kra_journal_close(nullptr);
  CHECK(kra_journal_open("relative", nullptr, why, sizeof why) == nullptr);
  CHECK(kra_journal_frame(4, nullptr, 1, nullptr, 0) == 0);
  CHECK(kra_journal_frame(4, "x", std::size_t{1} << 40, nullptr, 0) == 0);
}

TEST_CASE("hunks and merges come as ranges") {
  const std::string base = "a\nb\nc\nd\n", ours = "A\nb\nc\nd\n", theirs = "a\nb\nc\nD\nE\n";
  uint32_t numbers[28];
  size_t count = 0;
  REQUIRE(kra_hunks(base.data(), base.size(), theirs.data(), theirs.size(), numbers, 4, &count, nullptr, 0) == KRA_OK);
  REQUIRE(count == 1);
  CHECK(std::equal(numbers, numbers + 4, std::initializer_list<uint32_t>{3, 4, 3, 5}.begin()));
  REQUIRE(kra_merge(base.data(), base.size(), ours.data(), ours.size(), theirs.data(), theirs.size(), numbers, 4, &count, nullptr, 0) == KRA_OK);
  REQUIRE(count == 2);
  CHECK(std::equal(numbers, numbers + 14, std::initializer_list<uint32_t>{1, 0, 1, 0, 1, 0, 1, 2, 3, 4, 3, 4, 3, 5}.begin()));
  // Without room the count is told, and nothing is written.
  count = 0;
  CHECK(kra_merge(base.data(), base.size(), ours.data(), ours.size(), theirs.data(), theirs.size(), nullptr, 0, &count, nullptr, 0) == KRA_OK);
  CHECK(count == 2);
  char why[64] = "";
  CHECK(kra_hunks(nullptr, 3, theirs.data(), theirs.size(), numbers, 4, &count, why, sizeof why) == KRA_REFUSED);
  CHECK(kra_hunks(base.data(), 3, theirs.data(), theirs.size(), nullptr, 4, &count, why, sizeof why) == KRA_REFUSED);
  CHECK(std::strlen(why) > 0);
}
