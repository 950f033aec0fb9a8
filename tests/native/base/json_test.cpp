#include "base/json.hpp"

#include "tests/native/catch.hpp"

using namespace kra;

TEST_CASE("what is written as JSON is read back") {
  const Value value = Value::Map{{"text", "a\"b\\c\n\x01\u00e4"}, {"list", Value::Array{1, -2, true, false, Value(), 0.5}}, {"empty", Value::Map{}}};
  const auto read = from_json(to_json(value));
  REQUIRE(read);
  CHECK(*read == value);
  CHECK(*from_json(" [ ] ") == Value(Value::Array{}));
  CHECK(*from_json(R"("\ud83d\ude00\u00e4\ud800")") == Value("\xf0\x9f\x98\x80\xc3\xa4\xef\xbf\xbd"));
  CHECK((*from_json(R"({"a": 1, "a": 2})"))["a"].number_or(0) == 1);
}

TEST_CASE("what is no JSON is refused") {
  for (const auto* text : {"", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "\"a", "\"\\x\"", "\"\n\"", "01", "1e", "+1", "-", "--1", "tru", "1 2", "\"\\u12g4\""})
    CHECK_FALSE(from_json(text).ok());
  CHECK_FALSE(from_json(std::string(100'000, '[')).ok());
}
