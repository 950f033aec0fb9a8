// Changes of a root told together.
#include "engine/change_batches.hpp"

#include "../catch.hpp"

using namespace kra;
using namespace std::chrono_literals;

namespace {

const Instant start{1h};
ToldChange modified(const std::string& path) { return {.path = path}; }

// "single /r/a", "2 /r".
std::string told(ChangeBatches& batches, Instant now) {
  std::string lines;
  for (const auto& batch : batches.ring(now)) {
    if (!lines.empty()) lines += ", ";
    lines += batch.single ? "single " + batch.changes[0].path : std::to_string(batch.changes.size()) + " " + batch.root;
  }
  return lines;
}

}  // namespace

TEST_CASE("the first change is told at once, what follows together") {
  ChangeBatches batches(100ms);
  batches.add("/r", modified("/r/a"), start);
  CHECK(told(batches, start) == "single /r/a");
  batches.add("/r", modified("/r/b"), start + 10ms);
  batches.add("/r", modified("/r/c"), start + 20ms);
  CHECK(batches.due() == start + 100ms);
  CHECK(told(batches, start + 99ms).empty());
  CHECK(told(batches, start + 100ms) == "2 /r");
}

TEST_CASE("what changes while git works is told when it has ended, and at a limit") {
  ChangeBatches batches(100ms);
  batches.hold("/r", start + 60s);
  batches.add("/r", modified("/r/a"), start);
  batches.add("/other", modified("/other/x"), start);
  CHECK(told(batches, start + 5s) == "single /other/x");
  batches.add("/r", modified("/r/b"), start + 5s);
  CHECK(batches.due() == start + 60s);
  batches.release("/r", start + 6s);
  CHECK(batches.due() == start + 6s);
  CHECK(told(batches, start + 6s) == "2 /r");
  batches.hold("/r", start + 60s);
  batches.add("/r", modified("/r/a"), start + 10s);
  CHECK(told(batches, start + 59s).empty());
  CHECK(told(batches, start + 60s) == "single /r/a");
}
