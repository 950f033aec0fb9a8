#include "peers/git_loose.hpp"

#include <sys/stat.h>

#include "tests/native/git_world.hpp"

using namespace kra;

TEST_CASE("single objects are those that git would have written", "[sync]") {
  GitWorld world;
  std::vector<std::string> contents{"", "one\n", std::string("a\0b", 3)};
  // Around the ends of the blocks that they are stored in.
  for (const std::size_t size : {65'520U, 65'521U, 65'522U, 65'525U, 65'526U, 131'060U, 300'000U}) contents.push_back(std::string(size, static_cast<char>(size & 255U)));
  std::vector<LooseObject> objects;
  for (const auto& bytes : contents) {
    world.write("f", bytes);
    auto oid = world.git({"hash-object", world.at("f")});
    oid.pop_back();
    objects.push_back({oid, "blob", bytes});
  }
  const auto written = write_loose(world.root + "/.git", objects);
  INFO((written ? "" : written.error().what));
  REQUIRE(written);
  for (const auto& object : objects) {
    INFO(object.bytes.size());
    CHECK(world.git({"cat-file", "blob", object.oid}) == object.bytes);
    CHECK(world.git({"cat-file", "-s", object.oid}) == cat(object.bytes.size(), "\n"));
  }
  CHECK(world.git({"fsck", "--full", "--no-dangling"}).empty());
  struct stat info;
  REQUIRE(::stat(written->front().c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0444);
  // What is there already is whole again.
  std::filesystem::permissions(written->at(1), std::filesystem::perms::owner_all);
  std::ofstream(written->at(1)) << "";
  REQUIRE(world.git({"cat-file", "blob", objects[1].oid}).empty());
  REQUIRE(write_loose(world.root + "/.git", objects));
  CHECK(world.git({"cat-file", "blob", objects[1].oid}) == "one\n");
  CHECK(world.git({"count-objects"}).starts_with(cat(objects.size(), " objects")));
}
