#include "peers/git_clone.hpp"

#include <algorithm>

#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("a clone comes from the address as it is, or from a path seen from the repository") {
  auto source = [](const std::string& remote) { return clone_source({remote, "", "/a/b/c"}); };
  for (const char* address : {"https://example.org/x.git", "git@example.org:x", "host:../x", "ssh://h/x", "file:///x", "/x y/z", "::x"}) CHECK(*source(address) == address);
  CHECK(*source("../../x.git") == "/a/x.git");
  CHECK(*source("./x:y") == "/a/b/c/x:y");
  CHECK(*source("o") == "/a/b/c/o");
  for (const char* address : {"", "-u/bin/sh", "--upload-pack=x", "https://a\nb", "x\x1b[2J"}) CHECK(source(address).error().fault == Fault::refused);
}

TEST_CASE("a clone runs no hook, follows nothing and takes no address for an option") {
  auto words = clone_words("ext::sh -c x", "/a/b", false);
  auto has = [&](const char* word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  for (const char* word : {"core.hooksPath=/dev/null", "protocol.ext.allow=never", "--no-recurse-submodules", "--no-local", "submodule.recurse=false"}) CHECK(has(word));
  CHECK_FALSE(has("--progress"));
  REQUIRE(words.size() > 3);
  CHECK(std::vector<std::string>(words.end() - 3, words.end()) == std::vector<std::string>{"--", "ext::sh -c x", "/a/b"});
}
