// A version that was put back after an exchange, and over which a writer that never saw it has renamed.
#include "tests/native/sync_devices.hpp"

#include "engine/sync_apply.hpp"
#include "engine/sync_intent.hpp"

using namespace kra;

namespace {

// As a sync leaves it that was put off: the intent, and the second name of what was at the path.
struct PutBack {
  GitWorld world;
  SyncStore store = world.store();
  std::string slot = store.new_slot();

  explicit PutBack(std::int64_t age_ms) : age(age_ms) {
    Import import;
    const int before = import.blob("one\ntwo\n"), after = import.blob("theirs\none\ntwo\n");
    import.commit({.ref = "refs/kra/test", .committer = own_identity({}), .message = "t",
                   .changes = {{"before", "100644", Import::mark_text(before)}, {"after", "100644", Import::mark_text(after)}}});
    const auto written = import.run(store.git(), git_patience());
    REQUIRE(written);
    REQUIRE(write_intent(store, {.id = "1", .finished = true, .slots = {{slot, "f", written->oids.at(before), written->oids.at(after)}}}));
    world.write("f", "one\ntwo\nthree\n");
    REQUIRE(::link(world.at("f").c_str(), cat(store.slots(), "/", slot, ".0", put_back_slot, wall_now().ms - age).c_str()) == 0);
  }
  std::int64_t age;
  Settled settle() {
    auto settled = settle_slots(store, "here", git_patience());
    REQUIRE(settled);
    return std::move(*settled);
  }
  std::size_t slots() { return store.tree().slots()->size(); }
};

}  // namespace

TEST_CASE("what was put back and stayed is only let go of", "[sync]") {
  PutBack put(5'000);
  CHECK(put.settle().rescued.empty());
  CHECK(put.slots() == 0);
  CHECK(put.world.read("f") == "one\ntwo\nthree\n");
  CHECK(list_refs(put.store.git(), "refs/kra/recovered/", git_patience())->empty());
}

TEST_CASE("what was put back and renamed over unseen comes into the file again", "[sync]") {
  PutBack put(5'000);
  // The writer had read what the exchange showed for a moment.
  put.world.write("next", "theirs\none\ntwo\nlate\n");
  std::filesystem::rename(put.world.at("next"), put.world.at("f"));
  put.settle();
  std::string everything;
  for (const auto& [path, what] : put.world.manifest(false)) everything += what;
  CHECK(everything.find("three") != std::string::npos);
  CHECK(everything.find("late") != std::string::npos);
  CHECK(list_refs(put.store.git(), "refs/kra/recovered/", git_patience())->size() == 1);
}

TEST_CASE("while a writer may still rename over it, what was put back keeps its second name", "[sync]") {
  PutBack put(0);
  CHECK(put.settle().waiting == 1);
  CHECK(put.slots() == 1);
  // Its file can be exchanged meanwhile.
  const auto known = put.store.tree().read("f", 1 << 20, git_patience());
  REQUIRE(known);
  CHECK(put.store.tree().put("f", {.bytes = "next\n"}, *known, put.store.new_slot()));
  CHECK(put.world.read("f") == "next\n");
  // Another's second name is another matter.
  ::link(put.world.at("f").c_str(), put.world.at("hard").c_str());
  const auto again = put.store.tree().read("f", 1 << 20, git_patience());
  CHECK(put.store.tree().put("f", {.bytes = "no\n"}, *again, put.store.new_slot()).error().fault == Fault::refused);
}
