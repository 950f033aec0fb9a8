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

TEST_CASE("who made a commit is read from where it was written") {
  const auto message = origin_lines({"dev-a", "0123"});
  const auto origin = origin_of("tree 1\nauthor A B <a@b> 1 +0000\ncommitter A B <a@b> 1700000000 +0100\n\nnotes" + message);
  CHECK(origin.device == "dev-a");
  CHECK(origin.head == "0123");
  CHECK(origin.seconds == 1'700'000'000);
  CHECK(origin_of("tree 1\ncommitter A <a@b> 5 +0000\n\nnotes\n").device == "remote");
  CHECK(origin_of("\nx" + origin_lines({"../../etc\tx", ""})).device == "....etc\\x09x");
  CHECK(origin_of("").seconds == 0);
}
