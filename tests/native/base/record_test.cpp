// A struct becomes a Value and comes back equal; a wrong type is named by its key.
#include "base/record.hpp"

#include "../catch.hpp"
#include "model/workspace.hpp"

using namespace kra;

TEST_CASE("a workspace survives the way through Value") {
  Workspace before;
  before.host = "h\xff";
  before.sessions.push_back({.name = "a;#(touch x)", .windows = {{.index = 3, .panes = {{.argv = {"", "a b"}}}}}});
  Workspace after;
  REQUIRE(from_value(to_value(before), after).ok());
  CHECK(after == before);
}

TEST_CASE("a wrong type is an error that names the key, an absent key keeps the default") {
  Value value = to_value(Pane{.index = 7});
  value.set("index", "seven");
  Pane pane;
  auto read = from_value(value, pane);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().what == "index: not a number in range");
  CHECK(from_value(Value::Map{}, pane).ok());
}
