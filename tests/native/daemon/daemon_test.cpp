// A whole daemon on a thread of its own, with a save function that a test steers; editors and others are played over real sockets.
#include "daemon/daemon.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <thread>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "peers/daemon_client.hpp"

using namespace kra;

namespace {

// What stands in for the engine, which has tests of its own.
struct Script {
  std::atomic<int> begun{0}, allowed{1'000'000}, failures{0};
};
Script& script() {
  static Script only;
  return only;
}

Result<SaveReport> scripted_save(History&, Disk&, const Paths&, const TmuxServer&, const SaveRequest& request, const Settings&, const Patience& patience) {
  auto turn = ++script().begun;
  while (script().allowed < turn && !patience.over()) std::this_thread::yield();
  if (script().failures > 0) return script().failures--, Error{Fault::io, "no space left on device"};
  return SaveReport{.name = "default",
                    .generation = static_cast<std::uint64_t>(turn),
                    .counts = {.editors = static_cast<int>(request.editors.size())},
                    .changed = true};
}

Patience patience() { return Patience::of(Milliseconds(20'000)); }

class RunningDaemon {
 public:
  explicit RunningDaemon(const char* timeout_ms = "20") {
    ::setenv("KRA_AUTOSAVE_TIMEOUT_MS", timeout_ms, 1);
    script().begun = 0;
    script().allowed = 1'000'000;
    script().failures = 0;
    paths_ = {scratch_ / "state", scratch_ / "run", scratch_ / "config"};
    for (const auto& path : {paths_.state, paths_.runtime}) REQUIRE(disk_.make_directory(path).ok());
    auto lock = Lock::take(paths_.daemon_lock(), patience());
    auto listener = listen_at(paths_.socket(), 64);
    REQUIRE(lock.ok());
    REQUIRE(listener.ok());
    thread_ = std::thread([this, held = std::move(*lock), door = std::move(*listener)]() mutable {
      auto journal = EventJournal::open(disk_, paths_.events_journal(), paths_.events_journal_other());
      Daemon(std::move(held), std::move(door), std::move(journal), disk_, paths_, scripted_save).run();
    });
  }
  ~RunningDaemon() {
    script().allowed = 1'000'000;
    if (auto client = reach(paths_, "", Start::never, patience())) (void)client->request("stop", Value::Map{}, patience());
    thread_.join();
    ::unsetenv("KRA_AUTOSAVE_TIMEOUT_MS");
  }

  DaemonClient client(const Hello& hello = {}) {
    auto reached = reach(paths_, "", Start::never, patience(), hello);
    REQUIRE(reached.ok());
    return std::move(*reached);
  }
  const Paths& paths() const { return paths_; }

 private:
  Scratch scratch_;
  SystemDisk disk_;
  Paths paths_;
  std::thread thread_;
};

// A Neovim as the daemon sees it.
class PlayedEditor {
 public:
  explicit PlayedEditor(const Paths& paths, const std::string& server) : fd_(std::move(*connect_to(paths.socket()))) {
    Value hello = Value::Map{{"client", "nvim"}, {"id", "n"}, {"editor", "e1"}, {"tmux", server}, {"pane", "%1"}, {"proto", Value::Array{1, 1}}};
    send({.kind = Frame::Kind::request, .id = 1, .method = "hello", .params = Value::Array{hello}});
    CHECK(next().result["settings"].map() != nullptr);
  }

  Frame next() {
    for (;;) {
      auto frame = reader_.next();
      REQUIRE(frame.ok());
      if (*frame) return std::move(**frame);
      std::string bytes;
      auto more = read_some(fd_.get(), bytes, patience());
      REQUIRE(more.ok());
      REQUIRE(*more);
      reader_.feed(bytes);
    }
  }
  void send(const Frame& frame) { REQUIRE(write_all(fd_.get(), pack(frame), patience()).ok()); }
  void answer_capture() { answer_capture(Value::Map{{"cwd", "/"}, {"tabs", 1}, {"buffers", Value::Array{}}, {"state", Value::Map{}}}); }
  void answer_capture(const Value& state) {
    auto asked = next();
    CHECK(asked.kind == Frame::Kind::request);
    CHECK(asked.method == "nvim_exec_lua");
    CHECK((*asked.params.array())[1].array()->front() == Value("capture"));
    send({.kind = Frame::Kind::answer, .id = asked.id, .result = state});
  }

 private:
  Fd fd_;
  FrameReader reader_;
};

template <class Condition>
bool await(Condition condition) {
  auto time = patience();
  while (!condition() && !time.over()) std::this_thread::yield();
  return condition();
}

Value event(const std::string& server, int seq) {
  return Value::Map{{"source", "tmux"}, {"server", server}, {"client", "test"}, {"seq", seq}};
}

}  // namespace

TEST_CASE("an editor of the server is asked, and told afterwards") {
  RunningDaemon daemon;
  PlayedEditor editor(daemon.paths(), "/s/tmux");
  std::thread asks([&] {
    auto saved = daemon.client().request("save", Value::Map{{"server", "/s/tmux"}}, patience());
    CHECK((*saved)["editors"] == Value(1));
    CHECK((*saved)["editors_late"] == Value(0));
  });
  editor.answer_capture();
  auto told = editor.next();
  CHECK(told.kind == Frame::Kind::notification);
  CHECK((*told.params.array())[1].array()->front() == Value("saved"));
  asks.join();
}

TEST_CASE("an answer that cannot be read leaves what the editor told before") {
  RunningDaemon daemon;
  PlayedEditor editor(daemon.paths(), "/s/tmux");
  const auto save_with = [&](auto answer) {
    Value said;
    std::thread asks([&] {
      if (auto saved = daemon.client().request("save", Value::Map{{"server", "/s/tmux"}}, patience())) said = std::move(*saved);
    });
    answer();
    CHECK((*editor.next().params.array())[1].array()->front() == Value("saved"));
    asks.join();
    return said;
  };
  CHECK(save_with([&] { editor.answer_capture(); })["editors_late"] == Value(0));
  const auto second = save_with([&] { editor.answer_capture(Value::Map{{"tabs", "two"}}); });
  CHECK(second["editors"] == Value(1));
  CHECK(second["editors_late"] == Value(1));
}

TEST_CASE("an editor that does not answer costs half a second and is said to be late") {
  RunningDaemon daemon;
  PlayedEditor editor(daemon.paths(), "/s/tmux");
  auto client = daemon.client();
  auto begin = Clock::now();
  auto saved = client.request("save", Value::Map{{"server", "/s/tmux"}}, patience());
  REQUIRE(saved.ok());
  CHECK((*saved)["editors"] == Value(0));
  CHECK((*saved)["editors_late"] == Value(1));
  CHECK(Clock::now() - begin >= Milliseconds(450));
}

TEST_CASE("an event during a save leads to another save") {
  RunningDaemon daemon;
  auto client = daemon.client();
  script().allowed = 0;
  REQUIRE(client.request("event", event("/s/tmux", 1), patience()).ok());
  REQUIRE(await([] { return script().begun == 1; }));
  REQUIRE(client.request("event", event("/s/tmux", 2), patience()).ok());
  auto during = client.request("status", Value::Map{{"server", "/s/tmux"}}, patience());
  CHECK((*during)["leases"].array()->front()["name"] == Value("AutoSaveInProgress"));
  CHECK((*during)["events"]["pending"] == Value(2));
  script().allowed = 1;
  REQUIRE(await([] { return script().begun == 2; }));
  script().allowed = 2;
  CHECK(await([&] { return (*client.request("events", Value::Map{}, patience()))["pending"] == Value(0); }));
}

TEST_CASE("a save that fails is tried again, and its events wait") {
  RunningDaemon daemon;
  auto client = daemon.client();
  script().failures = 1;
  REQUIRE(client.request("event", event("/s/tmux", 1), patience()).ok());
  REQUIRE(await([&] { return !(*client.request("status", Value::Map{}, patience()))["problems"].array()->empty(); }));
  CHECK((*client.request("events", Value::Map{}, patience()))["pending"] == Value(1));
  CHECK(await([&] { return (*client.request("events", Value::Map{}, patience()))["pending"] == Value(0); }));
  CHECK((*client.request("status", Value::Map{}, patience()))["problems"].array()->empty());
}

TEST_CASE("editors are told of a save that failed, once") {
  RunningDaemon daemon("600000");
  PlayedEditor editor(daemon.paths(), "/s/tmux");
  script().failures = 2;
  auto client = daemon.client();
  auto told = [&](const std::vector<const char*>& methods) {
    std::thread asks([&] { (void)client.request("save", Value::Map{{"server", "/s/tmux"}}, patience()); });
    editor.answer_capture();
    for (const char* method : methods) CHECK((*editor.next().params.array())[1].array()->front() == Value(method));
    asks.join();
  };
  told({"problem"});
  auto status = client.request("status", Value::Map{{"server", "/s/tmux"}}, patience());
  REQUIRE(status.ok());
  CHECK((*status)["workspace"]["trouble"] == Value("no space left on device"));
  told({});
  told({"solved", "saved"});
}

TEST_CASE("requests that make no sense are answered, and the connection stays") {
  RunningDaemon daemon;
  auto client = daemon.client();
  CHECK_FALSE(client.request("no such method", Value::Map{}, patience()).ok());
  CHECK_FALSE(client.request("save", Value::Map{}, patience()).ok());
  CHECK_FALSE(client.request("save", Value::Map{{"server", "/s"}, {"name", "a/b"}}, patience()).ok());
  CHECK_FALSE(client.request("lease", Value::Map{{"name", "mine"}}, patience()).ok());
  CHECK_FALSE(client.request("event", Value::Map{{"seq", "one"}}, patience()).ok());
  CHECK(client.request("hello", Value::Map{{"proto", Value::Array{7, 9}}}, patience()).error().fault == Fault::refused);
  CHECK_FALSE(client.request("session_get", Value::Map{{"generation", "a/../1"}}, patience()).ok());
  CHECK(client.request("metrics", Value::Map{}, patience()).ok());
}

TEST_CASE("a connection holds sixteen leases at most") {
  RunningDaemon daemon;
  auto client = daemon.client(), other = daemon.client();
  const auto ask = [](DaemonClient& asker) { return asker.request("lease", Value::Map{{"name", "LoadInProgress"}, {"server", "/s"}}, patience()); };
  std::vector<Value> leases;
  for (int number = 0; number < 16; ++number) {
    auto granted = ask(client);
    REQUIRE(granted.ok());
    leases.push_back((*granted)["lease"]);
  }
  auto refused = ask(client);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().fault == Fault::busy);
  CHECK(ask(other).ok());
  REQUIRE(client.request("release", Value::Map{{"lease", leases[3]}}, patience()).ok());
  CHECK(ask(client).ok());
}

TEST_CASE("a second editor of a directory does not replace the session of the first while that lives") {
  RunningDaemon daemon;
  const auto put = [](DaemonClient& asker, const char* editor, bool take = false) {
    return asker.request("session_put", Value::Map{{"key", "dir:/p"}, {"editor", editor}, {"take", take}, {"state", Value::Map{{"by", editor}}}}, patience());
  };
  std::optional<DaemonClient> first = daemon.client({.client = "nvim", .editor = "first"});
  auto second = daemon.client({.client = "nvim", .editor = "second"});
  REQUIRE(put(*first, "first").ok());
  CHECK(put(*first, "first").ok());
  const auto refused = put(second, "second");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().fault == Fault::busy);
  CHECK((*second.request("session_get", Value::Map{{"key", "dir:/p"}}, patience()))["state"]["by"] == Value("first"));
  CHECK(put(second, "second", true).ok());
  CHECK_FALSE(put(*first, "first").ok());
  CHECK(put(*first, "first", true).ok());
  first.reset();
  for (bool done = false; !done;) done = put(second, "second").ok();
}

TEST_CASE("a server that has ended is forgotten") {
  RunningDaemon daemon;
  auto client = daemon.client();
  const auto servers = [&] { return (*client.request("status", Value::Map{}, patience()))["servers"].array()->size(); };
  REQUIRE(client.request("save", Value::Map{{"server", "/tmp/kra-none-1"}}, patience()).ok());
  REQUIRE(client.request("event", to_value(Event{.source = "tmux", .server = "/tmp/kra-none-2", .client = "c", .seq = 1}), patience()).ok());
  CHECK(servers() == 2);
  for (const char* server : {"/tmp/kra-none-1", "/tmp/kra-none-2"})
    REQUIRE(client.request("event", to_value(Event{.source = "gone", .server = server, .client = "d", .seq = std::string_view(server).ends_with("1") ? 1U : 2U}), patience()).ok());
  while (servers() > 0) std::this_thread::yield();
}

// Answers the first request of the next connection that makes one (some only look who is there); it must be `method`.
static void answer_next(int door, const char* method, const std::function<Frame(std::uint32_t)>& answer) {
  for (pollfd wanted{door, POLLIN, 0}; ::poll(&wanted, 1, 20'000) > 0;) {
    Fd fd(::accept(door, nullptr, nullptr));
    FrameReader reader;
    for (std::string bytes; read_some(fd.get(), bytes, patience()).value_or(false); bytes.clear()) {
      reader.feed(bytes);
      auto frame = reader.next();
      if (!frame || !*frame) continue;
      if ((*frame)->method == method) (void)write_all(fd.get(), pack(answer((*frame)->id)), patience());
      return;
    }
  }
}

TEST_CASE("a daemon without a protocol in common is asked to make way") {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  REQUIRE(disk.make_directory(paths.runtime).ok());
  // Held, so that nobody starts another.
  auto lock = Lock::take(paths.daemon_lock(), patience());
  REQUIRE(lock.ok());
  auto door = listen_at(paths.socket(), 64);
  REQUIRE(door.ok());
  std::atomic<bool> handed_over = false;
  std::thread played([&] {
    auto refuse = [](std::uint32_t id) { return Frame{.kind = Frame::Kind::answer, .id = id, .error = error_to_value({Fault::refused, "release 0.0.9"})}; };
    answer_next(door->get(), "hello", refuse);
    answer_next(door->get(), "handover", [&](std::uint32_t id) {
      handed_over = true;
      return Frame{.kind = Frame::Kind::answer, .id = id, .result = Value::Map{}};
    });
    answer_next(door->get(), "hello", [](std::uint32_t id) { return Frame{.kind = Frame::Kind::answer, .id = id, .result = Value::Map{{"version", "1.0.0"}}}; });
  });
  auto client = reach(paths, "1.0.0", Start::if_needed, patience());
  played.join();
  CHECK(handed_over);
  REQUIRE(client.ok());
  CHECK(client->greeting()["version"] == Value("1.0.0"));
}

TEST_CASE("a daemon that does not greet is not waited for") {
  Scratch scratch;
  SystemDisk disk;
  Paths paths{scratch / "state", scratch / "run", scratch / "config"};
  REQUIRE(disk.make_directory(paths.runtime).ok());
  auto door = listen_at(paths.socket(), 64);
  REQUIRE(door.ok());
  auto began = Clock::now();
  auto client = reach(paths, "", Start::if_needed, patience());
  REQUIRE_FALSE(client.ok());
  CHECK(client.error().fault == Fault::timed_out);
  CHECK(Clock::now() - began < Milliseconds(10'000));
}

TEST_CASE("many clients come, speak and go at once") {
  RunningDaemon daemon;
  std::vector<std::thread> clients;
  std::atomic<int> answers{0};
  for (int number = 0; number < 16; ++number)
    clients.emplace_back([&, number] {
      for (int round = 0; round < 5; ++round) {
        auto client = reach(daemon.paths(), "", Start::never, patience());
        if (client && client->request("event", Value::Map{{"source", "tmux"}, {"server", "/s"}, {"client", cat("c", number)}, {"seq", round + 1}}, patience()))
          ++answers;
      }
    });
  for (auto& client : clients) client.join();
  CHECK(answers == 80);
  CHECK((*daemon.client().request("events", Value::Map{}, patience()))["accepted"] == Value(80));
}
