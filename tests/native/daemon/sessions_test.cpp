#include "daemon/sessions.hpp"

#include "base/text.hpp"
#include "model/config.hpp"
#include "tests/native/catch.hpp"
#include "tests/native/scratch.hpp"

using namespace kra;

namespace {

class CountingDisk : public SystemDisk {
 public:
  int bodies = 0;
  Result<std::string> read(const std::string& path, std::uint64_t limit) override {
    bodies += path.ends_with(".kra") ? 1 : 0;
    return SystemDisk::read(path, limit);
  }
};

}  // namespace

TEST_CASE("a list of sessions reads no session, but those of an older release") {
  Scratch scratch;
  CountingDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  Sessions sessions(disk, paths);
  auto patience = Patience::of(Milliseconds(60'000));
  REQUIRE(sessions.list());
  CHECK((*sessions.list())["sessions"].array()->empty());
  for (const char* cwd : {"/p/one", "/p/two"})
    REQUIRE(sessions.put(Value::Map{{"key", cat("dir:", cwd)}, {"cwd", cwd}, {"state", Value::Map{{"buffers", Value::Array{}}}}}, {}, Settings{}, patience));
  disk.bodies = 0;
  auto listed = *sessions.list();
  CHECK(disk.bodies == 0);
  REQUIRE(listed["sessions"].array()->size() == 2);
  for (const auto& row : *listed["sessions"].array()) CHECK(row["key"].text_or("") == cat("dir:", row["cwd"].text_or("?")));

  // What stands in front said nothing of the directory.
  History older(disk, cat(paths.sessions(), "/", directory_name("dir:/old")), paths.corrupt());
  REQUIRE(older.write("session", {.host = "h", .editors = {{.id = "e", .cwd = "/old"}}}, {.saved_at = 5, .reason = "session", .message = "dir:/old"}, patience));
  listed = *sessions.list();
  REQUIRE(listed["sessions"].array()->size() == 3);
  std::string found;
  for (const auto& row : *listed["sessions"].array())
    if (row["key"].text_or("") == "dir:/old") found = row["cwd"].text_or("");
  CHECK(found == "/old");
}
