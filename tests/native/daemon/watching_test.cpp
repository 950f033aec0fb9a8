// What editors and watchers are told of files, by a whole daemon over real sockets, about files on a real disk.
#include "daemon/watching.hpp"

#include <poll.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/checksum.hpp"
#include "base/text.hpp"
#include "daemon/daemon.hpp"
#include "os/command.hpp"
#include "peers/daemon_client.hpp"

using namespace kra;
namespace fs = std::filesystem;

namespace {

Patience patience() { return Patience::of(Milliseconds(20'000)); }
Result<SaveReport> no_save(History&, Disk&, const Paths&, const TmuxServer&, const SaveRequest&, const Settings&, const Patience&) {
  return Error{Fault::unavailable, "no tmux here"};
}

class World {
 public:
  World() {
    paths_ = {scratch_ / "state", scratch_ / "run", scratch_ / "config"};
    for (const auto& path : {paths_.state, paths_.runtime}) REQUIRE(disk_.make_directory(path).ok());
    fs::create_directories(root());
    auto lock = Lock::take(paths_.daemon_lock(), patience());
    auto listener = listen_at(paths_.socket(), 64);
    REQUIRE(lock.ok());
    REQUIRE(listener.ok());
    thread_ = std::thread([this, held = std::move(*lock), door = std::move(*listener)]() mutable {
      auto journal = EventJournal::open(disk_, paths_.events_journal(), paths_.events_journal_other());
      Daemon(std::move(held), std::move(door), std::move(journal), disk_, paths_, no_save).run();
    });
  }
  ~World() {
    if (auto client = reach(paths_, "", Start::never, patience())) (void)client->request("stop", Value::Map{}, patience());
    thread_.join();
  }
  std::string root() const { return fs::canonical(scratch_.path()).string() + "/tree"; }
  std::string operator/(const std::string& name) const { return root() + "/" + name; }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(*this / name).parent_path());
    std::ofstream(*this / name, std::ios::binary) << text;
  }
  // Writes beside it and moves it there: whole at every moment.
  void put(const std::string& name, const std::string& text) {
    write(name + ".tmp~", text);
    fs::rename(*this / (name + ".tmp~"), *this / name);
  }
  void git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", root(), "-c", "user.name=A", "-c", "user.email=a@example.org"});
    auto ran = run({.argv = words, .environment = {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}}, patience());
    REQUIRE(ran.ok());
    INFO(ran->errors);
    REQUIRE(ran->status == 0);
  }
  void repository() { git({"init", "-q", "-b", "main"}); }
  void commit(const std::string& message) {
    git({"add", "-A"});
    git({"commit", "-qm", message});
  }
  const Paths& paths() const { return paths_; }

 private:
  Scratch scratch_;
  SystemDisk disk_;
  Paths paths_;
  std::thread thread_;
};

std::string hash_of(const std::string& text) { return hex(hash64(text), 16); }

// A client that hears what the daemon says; a Neovim, or any other.
class Peer_ {
 public:
  explicit Peer_(const World& world, const char* kind = "nvim") : fd_(std::move(*connect_to(world.paths().socket()))) {
    request("hello", Value::Map{{"client", kind}, {"id", kind}, {"editor", "e"}, {"proto", Value::Array{1, 1}}});
  }
  Value request(const std::string& method, Value param) {
    send({.kind = Frame::Kind::request, .id = ++last_, .method = method, .params = Value::Array{std::move(param)}});
    for (;;) {
      auto frame = next(patience());
      REQUIRE(frame);
      if (frame->kind == Frame::Kind::answer && frame->id == last_) {
        INFO(to_json(frame->error));
        CHECK(frame->error.is_nil());
        return frame->result;
      }
      heard_.push_back(std::move(*frame));
    }
  }
  void notify(const std::string& method, Value param) { send({.kind = Frame::Kind::notification, .method = method, .params = Value::Array{std::move(param)}}); }
  Value watch(const std::string& path, const std::string& hash = "") {
    auto answer = request("watch_file", Value::Map{{"files", Value::Array{Value::Map{{"path", path}, {"hash", hash}}}}});
    return answer["files"].array()->front();
  }
  // The next message of that method; nil when none comes in time.
  Value told(const std::string& method, Milliseconds time = Milliseconds(20'000)) {
    auto until = Patience::of(time);
    for (;;) {
      for (auto at = heard_.begin(); at != heard_.end(); ++at) {
        auto [name, param] = content(*at);
        if (name != method) continue;
        heard_.erase(at);
        return param;
      }
      auto frame = next(until);
      if (!frame) return Value();
      heard_.push_back(std::move(*frame));
    }
  }

 private:
  static std::pair<std::string, Value> content(const Frame& frame) {
    const auto& params = *frame.params.array();
    if (frame.method != "nvim_exec_lua") return {frame.method, params.at(0)};
    const auto& words = *params.at(1).array();
    return {words.at(0).text_or(""), words.at(1)};
  }
  std::optional<Frame> next(const Patience& until) {
    for (;;) {
      auto frame = reader_.next();
      REQUIRE(frame.ok());
      if (*frame) return std::move(**frame);
      std::string bytes;
      auto more = read_some(fd_.get(), bytes, until);
      if (!more || !*more) return std::nullopt;
      reader_.feed(bytes);
    }
  }
  void send(const Frame& frame) { REQUIRE(write_all(fd_.get(), pack(frame), patience()).ok()); }

  Fd fd_;
  FrameReader reader_;
  std::uint32_t last_ = 0;
  std::deque<Frame> heard_;
};

// Files with this text, which an editor has loaded.
void load(World& world, Peer_& editor, std::initializer_list<const char*> names, const std::string& text) {
  for (const auto* name : names) {
    world.write(name, text);
    editor.watch(world / name, hash_of(text));
  }
}

constexpr Milliseconds shortly{150};  // that nothing comes

}  // namespace

TEST_CASE("an editor is told of a change as hunks against what it has") {
  World world;
  world.write("f", "one\ntwo\nthree\n");
  Peer_ editor(world);
  auto known = editor.watch(world / "f", hash_of("one\ntwo\nthree\n"));
  CHECK(known["exists"] == Value(true));
  CHECK(known["hash"] == Value(hash_of("one\ntwo\nthree\n")));
  CHECK(known["size"] == Value(14));
  world.put("f", "one\n2\nthree\nfour");
  auto told = editor.told("file_changed");
  CHECK(told["path"] == Value(world / "f"));
  CHECK(told["kind"] == Value("modify"));
  CHECK(told["writer"] == Value("external"));
  CHECK(told["base"] == Value(hash_of("one\ntwo\nthree\n")));
  CHECK(told["hash"] == Value(hash_of("one\n2\nthree\nfour")));
  CHECK(to_json(told["hunks"]) == R"([[1,2,["2"]],[3,3,["four"]]])");
  CHECK(told["eol"] == Value(false));
  // Touched, and the same bytes once more: nothing to tell.
  fs::last_write_time(world / "f", fs::file_time_type::clock::now());
  world.put("f", "one\n2\nthree\nfour");
  CHECK(editor.told("file_changed", shortly).is_nil());
  // Who has something that is not known here reads it himself.
  Peer_ other(world);
  other.watch(world / "f", "0123456789abcdef");
  other.request("claim", Value::Map{{"path", world / "f"}, {"hash", "0123456789abcdef"}, {"size", 3}});
  other.request("claim", Value::Map{{"path", world / "f"}, {"hash", "0123456789abcdef"}, {"size", 3}, {"state", "done"}});
  world.put("f", "one\ntwo\n");
  CHECK(other.told("file_changed")["read"] == Value("base"));
  CHECK(editor.told("file_changed")["hunks"].array());
  world.put("f", std::string("a\0b", 3));
  CHECK(other.told("file_changed")["read"] == Value("binary"));
  world.put("f", "text\n");
  CHECK(editor.told("file_changed")["read"] == Value("binary"));
  CHECK(to_json(editor.told("file_changed")["hunks"]) == to_json(other.told("file_changed")["hunks"]));
}

TEST_CASE("a file that goes, comes back and is renamed") {
  World world;
  Peer_ editor(world);
  load(world, editor, {"d/f"}, "text\n");
  // Within the delay of deletions: a modification.
  fs::remove(world / "d/f");
  world.write("d/f", "other\n");
  CHECK(editor.told("file_changed")["kind"] == Value("modify"));
  fs::remove(world / "d/f");
  auto gone = editor.told("file_changed");
  CHECK(gone["kind"] == Value("delete"));
  CHECK(gone["read"] == Value("gone"));
  world.put("d/f", "back\n");
  CHECK(editor.told("file_changed")["kind"] == Value("create"));
  // One that was made just now and moved would be a temporary file.
  CHECK(editor.told("file_changed", shortly).is_nil());
  fs::rename(world / "d/f", world / "d/g");
  auto moved = editor.told("file_changed");
  CHECK(moved["kind"] == Value("rename"));
  CHECK(moved["from"] == Value(world / "d/f"));
  CHECK(moved["path"] == Value(world / "d/g"));
  world.put("d/g", "after\n");
  CHECK(editor.told("file_changed")["path"] == Value(world / "d/g"));
  editor.request("unwatch_file", Value::Map{{"paths", Value::Array{world / "d/g"}}});
  world.put("d/g", "nobody\n");
  CHECK(editor.told("file_changed", shortly).is_nil());
}

TEST_CASE("the directory of a file that is loaded goes and comes back") {
  World world;
  Peer_ editor(world);
  load(world, editor, {"d/e/f"}, "text\n");
  fs::remove_all(world / "d");
  CHECK(editor.told("file_changed")["kind"] == Value("delete"));
  world.write("d/e/f", "back\n");
  CHECK(editor.told("file_changed")["kind"] == Value("create"));
  world.put("d/e/f", "again\n");
  CHECK(editor.told("file_changed")["hash"] == Value(hash_of("again\n")));
}

TEST_CASE("files whose directory is renamed are followed, and let go of") {
  World world;
  world.repository();
  Peer_ editor(world);
  load(world, editor, {"d/e/f", "d/e/g"}, "text\n");
  // Answered when all of the root is watched.
  editor.request("watch_root", Value::Map{{"root", world.root()}});
  fs::rename(world / "d", world / "n");
  for (const auto* name : {"e/f", "e/g"}) {
    auto told = editor.told("file_changed");
    CHECK(told["kind"] == Value("rename"));
    CHECK(told["from"] == Value(world / "d/" + name));
    CHECK(told["path"] == Value(world / "n/" + name));
  }
  world.put("n/e/f", "after\n");
  CHECK(editor.told("file_changed")["path"] == Value(world / "n/e/f"));
  editor.request("unwatch_file", Value::Map{});
  editor.request("unwatch_root", Value::Map{{"root", world.root()}});
  CHECK(editor.request("status", Value::Map{})["watching"]["directories"] == Value(0));
}

TEST_CASE("the four styles of writing: whole states only, and none is lost") {
  World world;
  auto text = [](int number) { return cat(std::string(4000, 'x'), "\ntick ", number, "\n", std::string(4000, 'y'), "\n"); };
  world.write("f", text(0));
  Peer_ editor(world);
  editor.watch(world / "f", hash_of(text(0)));
  for (int number = 1; number <= 40; ++number) {
    auto now = text(number);
    switch (number % 4) {
      case 0: world.write("f", now); break;
      case 1: world.put("f", now); break;
      case 2: {
        std::ofstream file(world / "f", std::ios::binary);
        file << now.substr(0, 4100) << std::flush;
        std::this_thread::sleep_for(Milliseconds(10));
        file << now.substr(4100);
        break;
      }
      default:
        fs::remove(world / "f");
        std::this_thread::sleep_for(Milliseconds(10));
        world.write("f", now);
    }
    auto told = editor.told("file_changed");
    INFO("write " << number << " " << to_json(told));
    REQUIRE(told["hash"] == Value(hash_of(now)));
  }
  CHECK(editor.told("file_changed", shortly).is_nil());
}

TEST_CASE("a writer that rests in the middle of a rewrite is waited for, one that appends is not") {
  World world;
  world.write("f", "one\ntwo\nthree\nfour\n");
  Peer_ editor(world);
  editor.watch(world / "f", hash_of("one\ntwo\nthree\nfour\n"));
  {
    std::ofstream file(world / "f", std::ios::binary);
    file << "ONE\n" << std::flush;
    // Longer than a file that is open is waited for otherwise.
    CHECK(editor.told("file_changed", Milliseconds(450)).is_nil());
    file << "TWO\nTHREE\nFOUR\n";
  }
  CHECK(editor.told("file_changed")["hash"] == Value(hash_of("ONE\nTWO\nTHREE\nFOUR\n")));
  std::ofstream log(world / "f", std::ios::binary | std::ios::app);
  log << "five\n" << std::flush;
  CHECK(editor.told("file_changed")["hash"] == Value(hash_of("ONE\nTWO\nTHREE\nFOUR\nfive\n")));
}

TEST_CASE("own saves are no echo, those of others are not missed, and other editors are told") {
  unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  World world;
  world.write("f", "text 0\n");
  Peer_ editor(world), other(world);
  auto has = std::string("text 0\n");
  editor.watch(world / "f", hash_of(has));
  other.watch(world / "f", hash_of(has));
  int foreign = 0;
  for (int number = 1; number <= 330; ++number) {
    // Of equal size, and a few only, so that bytes come again.
    auto text = cat("text ", random() % 7, "\n");
    auto param = Value::Map{{"path", world / "f"}, {"hash", hash_of(text)}, {"size", text.size()}};
    if (random() % 11 == 0) {
      bool news = text != has;
      world.put("f", text);
      has = text;
      if (!news) continue;
      ++foreign;
      auto told = editor.told("file_changed");
      INFO(number << " " << to_json(told) << " instead of " << text);
      REQUIRE(told["hash"] == Value(hash_of(text)));
      REQUIRE(told["writer"] == Value("external"));
    } else {
      editor.notify("claim", param);
      random() % 2 ? world.put("f", text) : world.write("f", text);
      param.emplace_back("state", "done");
      editor.notify("claim", param);
      has = text;
    }
  }
  // All of it has been seen when this one has.
  world.put("f", "the last\n");
  auto last = editor.told("file_changed");
  CHECK(last["hash"] == Value(hash_of("the last\n")));
  CHECK(foreign > 5);
  std::string heard, writers;
  for (auto told = other.told("file_changed"); heard != hash_of("the last\n"); told = other.told("file_changed", shortly)) {
    if (told.is_nil()) break;
    heard = told["hash"].text_or("");
    if (told["writer"] == Value("editor")) writers = "editor";
  }
  CHECK(heard == hash_of("the last\n"));
  CHECK(writers == "editor");
}

TEST_CASE("a checkout is one notice, and says what it was") {
  World world;
  world.repository();
  for (int count = 0; count < 40; ++count) world.write(cat("d", count % 4, "/f", count), "one\n");
  world.commit("one");
  world.git({"checkout", "-q", "-b", "work"});
  for (int count = 0; count < 37; ++count) world.write(cat("d", count % 4, "/f", count), "two\n");
  world.git({"commit", "-qam", "two"});
  Peer_ editor(world), watcher(world, "cli");
  CHECK(editor.watch(world / "d0/f0", hash_of("two\n"))["root"] == Value(world.root()));
  auto ready = watcher.request("watch_root", Value::Map{{"root", world.root()}});
  CHECK(ready["directories"] == Value(5));
  CHECK(ready["backend"] == Value("inotify"));
  world.git({"checkout", "-q", "main"});
  auto changed = editor.told("file_changed");
  CHECK(changed["hash"] == Value(hash_of("one\n")));
  CHECK(changed["writer"] == Value("git"));
  auto notice = editor.told("files_changed");
  CHECK(notice["count"] == Value(37));
  CHECK(notice["text"] == Value("37 files changed: git checkout main"));
  CHECK(notice["single"] == Value(false));
  CHECK(notice["files"].array()->size() == 32);
  std::size_t seen = 0;
  while (seen < 37) {
    auto told = watcher.told("changed");
    REQUIRE(told["changes"].array());
    seen += told["changes"].array()->size();
  }
  CHECK(seen == 37);
  // What comes right behind many files is not alone; the next one is, with or without a pause.
  int by_hand = 0;
  do {
    world.put("d1/f1", cat("by hand ", ++by_hand, "\n"));
    notice = editor.told("files_changed");
  } while (notice["single"] == Value(false) && by_hand < 2);
  INFO(to_json(notice));
  CHECK(notice["single"] == Value(true));
  CHECK(notice["text"] == Value("d1/f1"));
  CHECK(editor.told("file_changed", shortly).is_nil());
  auto journal = watcher.request("changes", Value::Map{{"root", world / "d1/f1"}});
  CHECK(journal["changes"].array()->size() == static_cast<std::size_t>(1 + by_hand));
}

TEST_CASE("without a way to watch, loaded files are looked at all the same") {
  ::setenv("KRA_WATCH", "poll", 1);
  World world;
  Peer_ editor(world);
  load(world, editor, {"f"}, "text\n");
  world.write("f", "other\n");
  CHECK(editor.told("file_changed")["hash"] == Value(hash_of("other\n")));
  auto status = editor.request("status", Value::Map{});
  CHECK(status["watching"]["backend"] == Value("poll"));
  CHECK(status["problems"].array()->front()["code"] == Value("watch-none"));
  ::unsetenv("KRA_WATCH");
}

TEST_CASE("a file system that tells less than it says is looked at from then on") {
  World world;
  // What is written under another name in another directory the system does not tell of in this one.
  auto other = fs::path(world.root()).parent_path() / "other";
  fs::create_directories(other);
  for (const auto* name : {"f", "g"}) {
    world.write(name, "");
    fs::create_hard_link(world / name, other / name);
  }
  Peer_ editor(world);
  load(world, editor, {"f", "g"}, "one\n");
  auto write = [&](const char* name, const char* text) { std::ofstream(other / name, std::ios::binary) << text; };
  // Where nothing is another one somebody was mistaken.
  editor.notify("untold", Value::Map{{"path", world / "f"}});
  editor.watch(world / "f", hash_of("one\n"));  // answered when all looks before it are
  write("f", "two\n");
  CHECK(editor.told("file_changed", shortly).is_nil());
  CHECK(editor.request("status", Value::Map{})["watching"]["silent"].array()->empty());
  editor.notify("untold", Value::Map{{"path", world / "f"}});
  CHECK(editor.told("file_changed")["hash"] == Value(hash_of("two\n")));
  auto status = editor.request("status", Value::Map{});
  CHECK(to_json(status["watching"]["silent"]) == cat("[\"", world.root(), "\"]"));
  CHECK(status["problems"].array()->front()["code"] == Value("watch-silent"));
  write("g", "three\n");
  CHECK(editor.told("file_changed")["hash"] == Value(hash_of("three\n")));
}

TEST_CASE("a change goes to the innermost work tree, a submodule or another one of the same repository") {
  World world;
  world.repository();
  world.write(".gitignore", "*.log\n/wt/\n");
  world.write("f", "one\n");
  world.commit("one");
  world.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", world.root(), "sub"});
  world.git({"worktree", "add", "-q", world / "wt"});
  world.write("sub/.gitignore", "*.tmp\n");
  Peer_ editor(world);
  CHECK(editor.watch(world / "f", hash_of("one\n"))["root"] == Value(world.root()));
  CHECK(editor.watch(world / "sub/f", hash_of("one\n"))["root"] == Value(world / "sub"));
  CHECK(editor.watch(world / "wt/f", hash_of("one\n"))["root"] == Value(world / "wt"));
  // Roots are ready when one that asks for them is answered.
  for (const auto* root : {"sub", "wt"}) editor.request("watch_root", Value::Map{{"root", world / root}});
  auto goes_to = [&](const std::string& name, const std::string& root) {
    world.put(name, "two\n");
    for (;;) {
      auto notice = editor.told("files_changed");
      INFO(name << ": " << to_json(notice));
      REQUIRE(notice["files"].array());
      for (const auto& file : *notice["files"].array())
        if (file["path"] == Value(world / name)) return notice["root"] == Value(root);
    }
  };
  CHECK(goes_to("f", world.root()));
  CHECK(goes_to("sub/f", world / "sub"));
  CHECK(goes_to("wt/f", world / "wt"));
  // The rules of the tree around it are not its own: sub ignores other names.
  CHECK(goes_to("sub/x.log", world / "sub"));
  world.put("sub/x.tmp", "ignored\n");
  CHECK(goes_to("sub/y", world / "sub"));
  auto count_of = [&](const std::string& root) { return editor.request("changes", Value::Map{{"root", root}})["changes"].array()->size(); };
  CHECK(count_of(world / "sub") == 3);
  CHECK(count_of(world / "wt") == 1);
  CHECK(count_of(world.root()) == 5);
}

TEST_CASE("a file that becomes a directory, and links that lead in a circle") {
  World world;
  world.write("d/f", "one\n");
  fs::create_symlink(".", world / "d/self");
  fs::create_symlink("loop", world / "loop");
  Peer_ editor(world);
  CHECK(editor.watch(world / "loop/f")["exists"] == Value(false));
  // Known by the name under which it was asked for.
  auto name = world / "d/self/self/f";
  CHECK(editor.watch(name, hash_of("one\n"))["exists"] == Value(true));
  CHECK(editor.request("watch_root", Value::Map{{"root", world.root()}})["directories"] == Value(2));
  world.put("d/f", "two\n");
  auto told = editor.told("file_changed");
  CHECK(told["path"] == Value(name));
  CHECK(told["hash"] == Value(hash_of("two\n")));
  fs::remove(world / "d/f");
  fs::create_directories(world / "d/f");
  told = editor.told("file_changed");
  CHECK(told["kind"] == Value("delete"));
  fs::remove(world / "d/f");
  world.write("d/f", "three\n");
  told = editor.told("file_changed");
  INFO(to_json(told));
  CHECK(told["hash"] == Value(hash_of("three\n")));
}

TEST_CASE("requests about files that make no sense") {
  World world;
  auto client = reach(world.paths(), "", Start::never, patience());
  REQUIRE(client.ok());
  auto fails = [&](const char* method, Value param) { return !client->request(method, std::move(param), patience()).ok(); };
  CHECK(fails("watch_file", Value::Map{}));
  CHECK(fails("watch_file", Value::Map{{"files", Value::Array{Value::Map{{"path", "relative"}}}}}));
  CHECK(fails("watch_root", Value::Map{{"root", world / "nowhere"}}));
  CHECK(fails("claim", Value::Map{{"path", world / "f"}}));
  CHECK(client->request("unwatch_root", Value::Map{{"root", world.root()}}, patience()).ok());
  auto absent = client->request("watch_file", Value::Map{{"files", Value::Array{Value::Map{{"path", world / "no/such/file"}}}}}, patience());
  REQUIRE(absent.ok());
  CHECK((*absent)["files"].array()->front()["exists"] == Value(false));
}

TEST_CASE("what git did, from its reflog") {
  auto line = [](const char* said) { return cause_in_reflog(cat("0 1 A <a@b> 1 +0000\t", said)); };
  CHECK(line("checkout: moving from work to main") == "git checkout main");
  CHECK(line("pull --rebase: Fast-forward") == "git pull");
  CHECK(line("reset: moving to HEAD~1") == "git reset HEAD~1");
  CHECK(line("merge topic: Fast-forward") == "git merge topic");
  CHECK(line("commit (amend): better") == "git commit");
  CHECK(line("rebase (finish): returning to refs/heads/main") == "git rebase");
  CHECK(cause_in_reflog("no tab") == "git");
}
