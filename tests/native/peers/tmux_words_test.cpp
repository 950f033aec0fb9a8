#include "peers/tmux_words.hpp"

#include "tests/native/catch.hpp"

using namespace kra;
using Words = std::vector<std::string>;

TEST_CASE("releases are numbers") {
  CHECK(tmux_release("3.3a") == 303);
  CHECK(tmux_release("next-3.8") == 308);
  CHECK(tmux_release("3.10") == 310);
  CHECK(tmux_release("openbsd") == 0);
}

TEST_CASE("names are told as they were given") {
  CHECK(decoded_name("a\\\\b", 303) == "a\\b");
  CHECK(decoded_name("a\\tb\\001\\377", 305) == "a\tb\x01\xff");
  CHECK(decoded_name("\\$HOME $ $1", 303) == "$HOME $ $1");
  CHECK(decoded_name("\xc3\xa9 \xe4\xb8\xad", 307) == "\xc3\xa9 \xe4\xb8\xad");
  // tmux cannot have written these, so they were stored raw.
  CHECK(decoded_name("a\\q", 303) == "a\\q");
  CHECK(decoded_name("\\$HOME", 305) == "\\$HOME");
  CHECK(decoded_name("end\\", 303) == "end\\");
  CHECK(decoded_name("", 303).empty());
}

TEST_CASE("titles are raw before 3.7") {
  CHECK(decoded_title("a\\\\b", 305) == "a\\\\b");
  CHECK(decoded_title("a\\\\b", 307) == "a\\b");
}

TEST_CASE("a line of tmux gives its words") {
  CHECK(tmux_words("sleep 1000") == Words{"sleep", "1000"});
  CHECK(tmux_words("\"sleep 1000\"") == Words{"sleep 1000"});
  CHECK(tmux_words("sh -c \"echo \\\"\\$x;\\\"; a\\\\b\" '' \\' \\~ 'a \"b\"' a\\tb \\377") ==
        Words{"sh", "-c", "echo \"$x;\"; a\\b", "", "'", "~", "a \"b\"", "a\tb", "\xff"});
  CHECK(tmux_words("").empty());
  CHECK(tmux_words("\"open").empty());
}

TEST_CASE("a layout is its shapes") {
  CHECK(normal_layout("b25d,80x24,0,0,0") == "b25d,80x24,0,0,0");
  CHECK(normal_layout("0000,80x24,0,0,17") == "b25d,80x24,0,0,0");
  CHECK(normal_layout("468d,100x30,0,0[100x15,0,0,1,100x14,0,16,2]") == "c08a,100x30,0,0[100x15,0,0,0,100x14,0,16,1]");
  CHECK(normal_layout("x,200x50,0,0{100x50,0,0,7,99x50,101,0[99x25,101,0,8,99x24,101,26,9]}").ends_with(
      ",200x50,0,0{100x50,0,0,0,99x50,101,0[99x25,101,0,1,99x24,101,26,2]}"));
  CHECK(normal_layout("nonsense") == "nonsense");
}
