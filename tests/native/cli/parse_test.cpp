// Words of a call: long and short options, values, `--`, and one line for each thing that is wrong.
#include "cli/parse.hpp"

#include "../catch.hpp"

using namespace kra;
using namespace kra::cli;

static CommandRow row() {
  CommandRow made{.name = "try", .usage = "ONE [TWO]"};
  made.flags = {{'m', "message", "TEXT", "a text"}, {'q', "quiet", "", "say nothing"}, {0, "lazy", "", "later"}};
  made.arguments = {{"ONE", "first", "red|green"}, {"TWO", "second"}};
  made.least = 1;
  made.most = 2;
  made.json = true;
  made.server = true;
  return made;
}

static std::string trouble(const std::vector<std::string>& words) {
  auto call = parse(row(), words);
  if (call.ok()) return "";
  CHECK(call.error().fault == Fault::usage);
  CHECK(call.error().what.find('\n') == std::string::npos);
  return call.error().what;
}

TEST_CASE("options in every spelling") {
  auto call = parse(row(), {"red", "--message=a=b", "-q", "two", "--lazy", "-L", "x", "--json"});
  REQUIRE(call.ok());
  CHECK(call->arguments == std::vector<std::string>{"red", "two"});
  CHECK(call->value("message") == "a=b");
  CHECK(call->has("quiet"));
  CHECK(call->has("lazy"));
  CHECK(call->value("socket-name") == "x");
  CHECK(call->json());
  CHECK(parse(row(), {"red", "-mtext"})->value("message") == "text");
  CHECK(parse(row(), {"red", "-qm", "text"})->value("message") == "text");
  CHECK(parse(row(), {"red", "--message", "-q"})->value("message") == "-q");
  CHECK(parse(row(), {"red", "--message="})->has("message"));
  CHECK(parse(row(), {"red", "-m", "a", "-m", "b"})->value("message") == "b");
}

TEST_CASE("after -- all words are arguments, and a single dash is one") {
  CHECK(parse(row(), {"red", "--", "--lazy"})->arguments == std::vector<std::string>{"red", "--lazy"});
  CHECK(parse(row(), {"red", "-"})->arguments == std::vector<std::string>{"red", "-"});
}

TEST_CASE("what is wrong is said in one line with what would be right") {
  CHECK(trouble({"red", "--mesage", "x"}) == "try: unknown option --mesage; did you mean --message?");
  CHECK(trouble({"red", "-z"}).starts_with("try: unknown option -z"));
  CHECK(trouble({"red", "--message"}) == "try: --message needs a value (TEXT); `kra try --help` lists what there is");
  CHECK(trouble({"red", "--quiet=1"}).starts_with("try: --quiet takes no value"));
  CHECK(trouble({}) == "try: needs ONE: kra try ONE [TWO]; `kra try --help` lists what there is");
  CHECK(trouble({"red", "b", "c\n"}).starts_with("try: unexpected c\\x0a"));
  CHECK(trouble({"gren"}) == "try: unknown one gren; did you mean green?");
  CHECK(trouble({"zzzzzzzz"}) == "try: unknown one zzzzzzzz; there is red, green");
}

TEST_CASE("help is given whatever else is missing") {
  CHECK(parse(row(), {"-h"})->has("help"));
  CHECK(parse(row(), {"a", "b", "c", "--help"})->has("help"));
}
