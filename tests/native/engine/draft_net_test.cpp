// What an editor typed and did not get into its journal is found in its net: nothing of it is lost, and nothing counts twice.
#include "engine/draft_net.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "engine/draft_replay.hpp"
#include "engine/drafts.hpp"
#include "os/disk.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

std::string payload(std::uint64_t seq, Value map) { return pack(Value(Value::Array{seq, std::move(map)})); }

std::string frame(DraftType type, std::uint64_t seq, Value map) {
  std::string out;
  append_frame(out, type, payload(seq, std::move(map)));
  return out;
}

Value text_of(const char* text) { return Value::Map{{"buffer", "b"}, {"scan", 0}, {"part", 0}, {"final", true}, {"text", text}}; }
Value edit_of(int line, const char* text) { return Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{line, line + 1, 1, text}}}}; }

struct Net {
  Scratch scratch;
  Paths paths{.state = scratch / "state", .runtime = scratch / "run"};
  SystemDisk disk;
  std::string path = paths.drafts_second() + "/c.net";
  std::string editor = payload(0, Value::Map{{"id", "c"}, {"pid", 1}, {"start", 1}, {"boot", "another"}});

  DraftNet open() {
    auto net = DraftNet::open(path, editor);
    REQUIRE(net.ok());
    return std::move(*net);
  }
  std::string text(const std::string& journal) {
    auto all = replay({journal});
    return all.buffers.contains("b") && all.buffers.at("b").lines ? all.buffers.at("b").lines->text() : "(none)";
  }
  std::string frames() {
    auto found = frames_of_net(*disk.read(path, draft_net_limit));
    REQUIRE(found.ok());
    return *found;
  }
};

}  // namespace

TEST_CASE_METHOD(Net, "what is in a net follows what the journal has, each edit once") {
  auto net = open();
  CHECK(frames().empty());
  auto journal = frame(DraftType::editor, 1, Value::Map{{"id", "c"}}) + frame(DraftType::text, 2, text_of("one\ntwo"));
  CHECK(net.add({"b", 2, false, 0, 1, 1, "ONE"}));
  CHECK(net.add({"b", 2, false, 1, 2, 2, "TWO\nthree"}));
  CHECK(text(journal + frames()) == "ONE\nTWO\nthree");
  // Flushed as record 3, of which nobody knows whether it arrived, and typed on.
  CHECK(net.add({"b", 3, false, 0, 1, 1, "1"}));
  CHECK(text(journal + frames()) == "1\nTWO\nthree");
  auto flushed = frame(DraftType::edits, 3, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{0, 1, 1, "ONE"}, Value::Array{1, 2, 2, "TWO\nthree"}}}});
  CHECK(text(journal + flushed + frames()) == "1\nTWO\nthree");
  // It arrives after the net was taken in, and the net is taken in twice.
  CHECK(text(journal + frames() + flushed + frames()) == "1\nTWO\nthree");
  // A later record has it all.
  CHECK(text(journal + flushed + frames() + frame(DraftType::edits, 4, edit_of(0, "one again"))) == "one again\nTWO\nthree");
  net.empty();
  CHECK(frames().empty());
}

TEST_CASE_METHOD(Net, "behind a gap only what the journal has counts") {
  auto net = open();
  auto journal = frame(DraftType::text, 1, text_of("one"));
  CHECK(net.add({"b", 1, false, 0, 1, 1, "ONE"}));
  // A long change was not kept in the net, and the text with it, record 2, did not arrive.
  CHECK(net.add({"b", 2, true, 0, 1, 1, "of another text"}));
  CHECK(net.add({"b", 2, false, 0, 1, 1, "of that too"}));
  CHECK(text(journal + frames()) == "ONE");
  CHECK(text(journal + frame(DraftType::text, 2, text_of("two\nlines")) + frames()) == "of that too\nlines");
}

TEST_CASE_METHOD(Net, "a text that no journal knows is in the net with its name, until it ends") {
  auto net = open();
  auto known = text_of("new");
  known.set("after", 0);
  known.set("path", "/a/file");
  CHECK(net.add(DraftType::text, payload(0, known)));
  CHECK(net.add({"b", 0, false, 0, 1, 1, "newer"}));
  auto all = replay({frames()});
  CHECK(all.editor["id"].text_or("") == "c");
  CHECK(all.buffers.at("b").lines->text() == "newer");
  CHECK(all.buffers.at("b").meta["path"].text_or("") == "/a/file");
  CHECK(net.add(DraftType::end, payload(0, Value::Map{{"buffer", "b"}, {"why", "saved"}, {"after", 0}})));
  CHECK(replay({frames()}).buffers.at("b").why == "saved");
}

TEST_CASE_METHOD(Net, "a net that is full says so, and what is torn or strange is no frame") {
  auto net = open();
  std::string line(1000, 'x');
  int added = 0;
  while (net.add({"b", 1, false, 0, 1, 1, line})) ++added;
  CHECK(added > 400);
  CHECK(replay({frame(DraftType::text, 1, text_of("")) + frames()}).buffers.at("b").lines->text() == line);
  net.wipe();
  CHECK(frames().empty());
  CHECK(disk.read(path, draft_net_limit)->find("xxxx") == std::string::npos);
  CHECK(net.add({"b", 1, false, 0, 1, 1, "one"}));
  auto before = frames().size();
  CHECK(net.add({"b", 1, false, 0, 1, 1, "two"}));
  auto bytes = *disk.read(path, draft_net_limit);
  auto at = bytes.find("two");
  bytes[at] = 'T';
  CHECK(frames_of_net(bytes)->size() == before);
  for (std::size_t size = 0; size < 400; ++size) (void)frames_of_net(std::string_view(bytes).substr(0, size));
  bytes[8] = 9;
  CHECK(frames_of_net(bytes).error().fault == Fault::refused);
  CHECK(frames_of_net(std::string(1000, '\0'))->empty());
}

TEST_CASE_METHOD(Net, "the net of a process that was killed is taken in once; that of a living one is left alone") {
  REQUIRE(disk.make_directory(paths.drafts()).ok());
  REQUIRE(disk.replace(paths.drafts() + "/c.journal", frame(DraftType::text, 1, text_of("one"))).ok());
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  auto child = ::fork();
  if (child == 0) {
    auto net = DraftNet::open(path, editor);
    bool added = net.ok() && net->add({"b", 1, false, 0, 1, 1, "typed"});
    (void)!::write(ready[1], added ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char said = 0;
  REQUIRE(::read(ready[0], &said, 1) == 1);
  CHECK(said == 'y');
  Drafts drafts(disk, paths);
  auto journal = [&] { return *disk.read(paths.drafts() + "/c.journal", 1 << 20); };
  REQUIRE(drafts.take_in("c").ok());
  CHECK(text(journal()) == "one");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  auto listed = drafts.list({});
  REQUIRE(listed.ok());
  CHECK((*listed)["drafts"].array()->front()["preview"].text_or("") == "typed");
  CHECK(text(journal()) == "typed");
  CHECK_FALSE(disk.info(path).ok());
  auto size = journal().size();
  REQUIRE(drafts.take_in("c").ok());
  CHECK(journal().size() == size);
  ::close(ready[0]);
  ::close(ready[1]);
}
