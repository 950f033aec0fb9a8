// Text tools: splitting, quoting, what is UTF-8 and what is meant by a misspelt word.
#include "base/text.hpp"

#include "../catch.hpp"
#include "base/value.hpp"

using namespace kra;

TEST_CASE("split keeps empty fields") {
  CHECK(split("a||b|", "|") == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(split("", "|").size() == 1);
}

TEST_CASE("only well-formed UTF-8 passes") {
  CHECK(is_utf8("größe \xf0\x9f\x93\x8c"));
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("text for people holds no control bytes and no invalid ones") {
  CHECK(printable("a\x1b[0m\n\xff") == "a\\x1b[0m\\x0a\xef\xbf\xbd");
}

TEST_CASE("a quoted word is one word") {
  CHECK(shell_quoted("plain-1") == "plain-1");
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("a'b $(x)") == "'a'\\''b $(x)'");
}

TEST_CASE("did you mean") {
  CHECK(nearest("retsore", {"save", "restore", "status"}) == "restore");
  CHECK_FALSE(nearest("xyzzy", {"save", "restore"}));
}

TEST_CASE("JSON escapes and replaces") {
  CHECK(to_json(Value::Map{{"k", Value::Array{1, true, Value(), "a\"\n\x01\xff", 0.5}}}) ==
        "{\"k\":[1,true,null,\"a\\\"\\n\\u0001\xef\xbf\xbd\",0.5]}");
}
