#include "engine/sync_message.hpp"

#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("each placeholder of a commit's message") {
  const Placeholders values{{"host", "box"}, {"device", "box-1a2b"}, {"reason", "exit"}, {"count", "3"}, {"branch", "{date}"}, {"date", "2026-01-02"}, {"time", "10:11"}, {"files", "a, b"}};
  for (const auto& [name, value] : values) CHECK(filled_message(std::string("<{").append(name) + "}>", values) == "<" + value + ">");
  CHECK(filled_message("kra: {host} {reason} ({count} files)", values) == "kra: box exit (3 files)");
  CHECK(filled_message("{branch}{date}", values) == "{date}2026-01-02");
}

TEST_CASE("what is no placeholder stays, and a message is never empty") {
  const Placeholders values{{"host", "box"}};
  CHECK(filled_message("a {b} {host", values) == "a {b} {host");
  CHECK(filled_message("{{host}}", values) == "{box}");
  CHECK(filled_message("} {} {x", values) == "} {} {x");
  CHECK(filled_message("", values) == "kra");
  CHECK(filled_message("{none}", {{"none", ""}}) == "kra");
}

TEST_CASE("the names of few files, and the number of the others") {
  CHECK(file_names({}).empty());
  CHECK(file_names({"a", "b\n"}) == "a, b\\x0a");
  CHECK(file_names({"1", "2", "3", "4", "5", "6", "7"}) == "1, 2, 3, 4, 5, … and 2 more");
}
