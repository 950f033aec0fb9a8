#include "engine/privacy.hpp"

#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("well-known secret files") {
  for (const char* path : {"/a/.env", ".env.local", "x.pem", "/home/me/.ssh/id_ed25519", "a.gpg", ".netrc", "credentials.json", "my_secrets.yaml"}) {
    INFO(path);
    CHECK(is_secret_file(path));
  }
  for (const char* path : {"main.c", "environment", "/a/.environ/x", "key", "pem"}) {
    INFO(path);
    CHECK_FALSE(is_secret_file(path));
  }
}

TEST_CASE("globs of the settings") {
  const Privacy privacy({"/srv/private/*", "*.diary", "~/vault/*"});
  CHECK(privacy.excludes("/srv/private/a/b", "/"));
  CHECK(privacy.excludes("private/a", "/srv"));
  CHECK(privacy.excludes("deep/my.diary", "/home"));
  CHECK_FALSE(privacy.excludes("/srv/public/a", "/"));
  CHECK_FALSE(privacy.excludes("", "/"));
  CHECK_FALSE(Privacy({}).excludes("/a", "/"));
}

TEST_CASE("what a pane may tell") {
  Pane pane{.cwd = "/srv/private", .argv = {"vim", "notes"}};
  CHECK(Privacy({"/srv/private/*"}).hides_program(pane));
  CHECK_FALSE(Privacy({}).hides_program(pane));
  CHECK_FALSE(Privacy({}).hides_contents(pane));
  pane.argv = {"vim", ".env"};
  CHECK_FALSE(Privacy({}).hides_program(pane));
  CHECK(Privacy({}).hides_contents(pane));
  pane.argv = {"tool", "--file=/srv/private/x"};
  CHECK(Privacy({"/srv/private/*"}).hides_program(pane));
}
