// Names that kra makes: harmless on disk, distinct for distinct texts; the rules for names of saves.
#include "os/paths.hpp"

#include "../catch.hpp"

using namespace kra;

TEST_CASE("directory names are harmless and distinct") {
  CHECK(directory_name("a/b") != directory_name("a_b"));
  for (const char* text : {"..", "", "a/../b", "x\ny", "-rf"}) {
    auto name = directory_name(text);
    CHECK(name.find('/') == std::string::npos);
    CHECK(name.front() != '.');
    CHECK(name.size() <= 60);
  }
}

TEST_CASE("generations sort by name as by number") {
  CHECK(generation_name(7) == "00000007");
  CHECK(generation_name(123456789) == "123456789");
}

TEST_CASE("names of saves") {
  for (const char* good : {"a", "my work", "größe", "a.b;c$(d)"}) CHECK(check_save_name(good).ok());
  for (const char* bad : {"", "a@b", "a/b", "-a", ".a", "a\nb", "a\x7f"}) {
    auto checked = check_save_name(bad);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().fault == Fault::usage);
  }
  CHECK_FALSE(check_save_name(std::string(65, 'a')).ok());
}
