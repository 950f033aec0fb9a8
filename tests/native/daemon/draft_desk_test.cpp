// Drafts through a whole daemon: taken in, synced, listed, refused, found abandoned.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "../catch.hpp"
#include "../scratch.hpp"
#include "base/text.hpp"
#include "daemon/daemon.hpp"
#include "engine/draft_appender.hpp"
#include "os/process.hpp"
#include "peers/daemon_client.hpp"
#include "wire/msgpack.hpp"

using namespace kra;

namespace {

Patience patience() { return Patience::of(Milliseconds(20'000)); }

Result<SaveReport> no_save(History&, Disk&, const Paths&, const TmuxServer&, const SaveRequest&, const Settings&, const Patience&) { return SaveReport{}; }

// Outlives the daemon that reads it.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

class World {
 public:
  World() {
    for (const auto& path : {paths_.state, paths_.runtime, paths_.config}) REQUIRE(disk_.make_directory(path).ok());
    start();
  }
  ~World() { stop(); }
  void start() {
    auto lock = Lock::take(paths_.daemon_lock(), patience());
    auto listener = listen_at(paths_.socket(), 64);
    REQUIRE(lock.ok());
    REQUIRE(listener.ok());
    thread_ = std::thread([this, held = std::move(*lock), door = std::move(*listener)]() mutable {
      auto journal = EventJournal::open(disk_, paths_.events_journal(), paths_.events_journal_other());
      Daemon(std::move(held), std::move(door), std::move(journal), disk_, paths_, no_save).run();
    });
  }
  void stop() {
    if (!thread_.joinable()) return;
    if (auto client = reach(paths_, "", Start::never, patience())) (void)client->request("stop", Value::Map{}, patience());
    thread_.join();
  }
  DaemonClient client() {
    auto reached = reach(paths_, "", Start::never, patience());
    REQUIRE(reached.ok());
    return std::move(*reached);
  }
  Value ask(const std::string& method, Value param) {
    auto reached = client();
    auto answer = reached.request(method, std::move(param), patience());
    if (!answer) return Value::Map{{"error", answer.error().what}};
    return *answer;
  }
  Drafts drafts() { return Drafts(disk_, paths_); }
  const Paths& paths() const { return paths_; }
  SystemDisk& disk() { return disk_; }

 private:
  Scratch scratch_;
  SystemDisk disk_;
  Paths paths_{scratch_ / "state", scratch_ / "run", scratch_ / "config"};
  std::thread thread_;
};

Value record(DraftType type, std::uint64_t seq, Value map) {
  return Value::Array{static_cast<int>(type), seq, pack(Value(Value::Array{seq, std::move(map)}))};
}
Value text(std::uint64_t seq, const std::string& buffer, const std::string& text, const std::string& path = "") {
  return record(DraftType::text, seq,
                Value::Map{{"buffer", buffer}, {"scan", seq}, {"part", 0}, {"final", true}, {"text", text}, {"path", path}, {"at", wall_now().ms}});
}
Value editor(std::uint64_t seq, bool lives = true) {
  return record(DraftType::editor, seq,
                Value::Map{{"id", "c1"}, {"editor", "e1"}, {"pid", static_cast<std::int64_t>(::getpid())}, {"start", lives ? *start_time_of(::getpid()) : 1}, {"host", host_name()}, {"boot", boot_id()}, {"cwd", "/w"}});
}
Value draft(Value::Array records, bool sync = false) { return Value::Map{{"client", "c1"}, {"records", std::move(records)}, {"sync", sync}}; }

}  // namespace

TEST_CASE("what an editor sends is in its journal when it is answered, once each") {
  World world;
  auto answer = world.ask("draft", draft({editor(1), text(2, "b", "hello\nworld")}));
  CHECK(answer["seq"] == Value(2));
  CHECK(answer["durability"] == Value("journal"));
  CHECK(world.ask("draft", draft({editor(1), text(2, "b", "hello\nworld")}))["seq"] == Value(2));
  CHECK(world.ask("draft", draft({text(3, "b", "bye")}, true))["durability"] == Value("disk"));
  auto listed = world.ask("drafts", Value::Map{});
  REQUIRE(listed["drafts"].array());
  REQUIRE(listed["drafts"].array()->size() == 1);
  const auto& row = listed["drafts"].array()->front();
  CHECK(row["state"] == Value("open"));
  CHECK(row["preview"] == Value("bye"));
  CHECK(row["lines"] == Value(1));
  CHECK(row["editor"] == Value("e1"));
  CHECK(row["cwd"] == Value("/w"));
  auto bytes = world.disk().read(world.paths().drafts() + "/c1.journal", draft_journal_limit);
  CHECK(find_frames(*bytes).frames.size() == 3);
  CHECK(replay({*bytes}).records == 3);
}

TEST_CASE("a draft of an editor that has ended is left, taken, and ended") {
  World world;
  world.ask("draft", draft({editor(1, false), text(2, "b", std::string("one\0\ntwo", 8), "/w/file")}));
  // A process of that number runs, but did not start then.
  auto row = world.ask("drafts", Value::Map{{"path", "/w/file"}})["drafts"].array()->front();
  CHECK(row["state"] == Value("left"));
  auto id = row["id"].text_or("");
  auto taken = world.ask("draft_take", Value::Map{{"id", id.substr(0, 6)}});
  CHECK(*world.disk().read(taken["file"].text_or(""), 100) == std::string("one\0\ntwo", 8));
  CHECK(taken["path"] == Value("/w/file"));
  struct stat info {};
  REQUIRE(::stat(taken["file"].text_or("").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(world.ask("draft_end", Value::Map{{"id", id}, {"why", "eaten"}})["error"].text());
  CHECK(world.ask("draft_end", Value::Map{{"id", id}, {"why", "recovered"}}).map()->empty());
  CHECK(world.ask("drafts", Value::Map{})["drafts"].array()->empty());
  CHECK(world.ask("drafts", Value::Map{{"all", true}})["drafts"].array()->front()["state"] == Value("recovered"));
  CHECK(world.ask("draft_take", Value::Map{{"id", "ffff"}})["error"].text());
  CHECK(world.ask("draft_take", Value::Map{{"id", "../../x"}})["error"].text());
}

TEST_CASE("secret files leave no byte, and their buffers are named") {
  World world;
  auto answer = world.ask("draft", draft({editor(1), text(2, "b", "CANARY", "/w/.env"), text(3, "c", "fine", "/w/main.c"),
                                          record(DraftType::edits, 4, Value::Map{{"buffer", "b"}, {"edits", Value::Array{Value::Array{0, 1, 1, "CANARY2"}}}})}));
  CHECK(answer["seq"] == Value(4));
  REQUIRE(answer["excluded"].array());
  CHECK(*answer["excluded"].array() == Value::Array{"b"});
  auto bytes = *world.disk().read(world.paths().drafts() + "/c1.journal", draft_journal_limit);
  CHECK(bytes.find("CANARY") == bytes.npos);
  CHECK(bytes.find(".env") == bytes.npos);
  auto journal = replay({bytes});
  CHECK(journal.lost_records == 0);
  CHECK(journal.buffers.at("c").lines->text() == "fine");
  auto status = world.ask("status", Value::Map{});
  CHECK(status["drafts"]["excluded"].array()->front()["reason"] == Value("privacy"));
}

TEST_CASE("canaries in forty kinds of secret files get nowhere") {
  World world;
  const std::vector<std::string> paths = {
      ".env",          ".env.production", "server.pem",      "tls.key",        "app.p8",           "cert.p12",        "cert.pfx",     "cert.pkcs12",      "putty.ppk",
      "store.jks",     "app.keystore",    "old.kdb",         "vault.kdbx",     "mail.gpg",         "mail.asc",        "notes.age",    "office.ovpn",      "prod.tfvars",
      "x.tfstate",     "x.tfstate.backup", "id_rsa",         "id_ed25519",     ".netrc",           "_netrc",          ".pgpass",      ".my.cnf",          ".npmrc",
      ".pypirc",       ".git-credentials", ".htpasswd",      ".authinfo",      ".dockercfg",       ".s3cfg",          ".boto",        ".vault-token",     ".vault_pass.txt",
      "credentials",   "credentials.json", "my_secrets.yaml", "passwords.txt", "shadow",           "gshadow",         "wallet.dat",   "master.key",       ".ssh/config",
      ".gnupg/x.conf", ".aws/config",     ".kube/config",    ".docker/config.json", ".config/gh/hosts.yml", ".password-store/a/b"};
  REQUIRE(paths.size() >= 40);
  std::uint64_t seq = 1;
  world.ask("draft", draft({editor(seq)}));
  for (const auto& path : paths) {
    INFO(path);
    auto buffer = cat("b", seq);
    auto first = text(seq + 1, buffer, "CANARY text", "/home/me/" + path);
    auto second = record(DraftType::edits, seq + 2, Value::Map{{"buffer", buffer}, {"edits", Value::Array{Value::Array{0, 0, 1, "CANARY edit"}}}});
    auto third = record(DraftType::undo, seq + 3, Value::Map{{"buffer", buffer}, {"file", "CANARY"}});
    auto answer = world.ask("draft", draft({first, second, third}, seq % 2 == 0));
    seq += 3;
    REQUIRE(answer["seq"] == Value(seq));
    REQUIRE(answer["excluded"].array());
    world.ask("measure", Value::Map{{"operation", "CANARY/" + path}, {"ms", 1}});
  }
  world.ask("draft", draft({text(seq + 1, "ok", "told", "/home/me/main.c")}));
  CHECK(world.ask("drafts", Value::Map{{"all", true}})["drafts"].array()->size() == 1);
  CHECK(to_json(world.ask("status", Value::Map{})).find("CANARY") == std::string::npos);
  CHECK(to_json(world.ask("metrics", Value::Map{})).find("CANARY") == std::string::npos);
  world.stop();
  int files = 0;
  for (const auto& root : {world.paths().state, world.paths().runtime})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      auto bytes = world.disk().read(entry.path().string(), 1U << 26);
      REQUIRE(bytes.ok());
      ++files;
      CHECK(bytes->find("CANARY") == std::string::npos);
    }
  CHECK(files > 1);
}

TEST_CASE("what is no record, or of a client that no file may be named after, is refused") {
  World world;
  CHECK(world.ask("draft", Value::Map{{"client", "../x"}, {"records", Value::Array{}}})["error"].text());
  CHECK(world.ask("draft", draft({Value::Array{2, 1}}))["error"].text());
  CHECK(world.ask("draft", draft({Value::Array{2, 1, "no payload"}}))["error"].text());
  CHECK(world.ask("draft", draft({record(DraftType::mark, 0, Value::Map{})}))["error"].text());
  CHECK(world.ask("draft", Value::Map{{"client", "c1"}, {"packed", "junk"}})["error"].text());
  CHECK_FALSE(world.disk().info(world.paths().drafts()).ok());
}

TEST_CASE("a state directory that cannot be written: the second place, one problem with its cure, and home again") {
  Variable retry("KRA_RETRY_FIRST_MS", "20");
  World world;
  REQUIRE(world.disk().replace(world.paths().drafts(), "a file in the way").ok());
  auto answer = world.ask("draft", draft({editor(1), text(2, "b", "kept")}));
  CHECK(answer["durability"] == Value("second"));
  auto problems = world.ask("status", Value::Map{})["problems"];
  REQUIRE(problems.array()->size() == 1);
  CHECK(problems.array()->front()["code"] == Value("drafts_second"));
  CHECK_FALSE(problems.array()->front()["cure"].text_or("").empty());
  CHECK(world.ask("drafts", Value::Map{})["drafts"].array()->size() == 1);
  REQUIRE(world.disk().remove(world.paths().drafts()).ok());
  auto until = patience();
  while (world.disk().info(world.paths().drafts_second() + "/c1.journal") && !until.over()) std::this_thread::yield();
  while (!world.ask("status", Value::Map{})["problems"].array()->empty() && !until.over()) std::this_thread::yield();
  CHECK_FALSE(until.over());
  CHECK(world.ask("drafts", Value::Map{})["drafts"].array()->front()["preview"] == Value("kept"));
  CHECK(world.disk().info(world.paths().drafts() + "/c1.journal").ok());
}

TEST_CASE("an editor that holds unsaved text and falls silent is abandoned, and back when it is heard") {
  Variable soon("KRA_SESSION_ABANDONED_AFTER_MS", "150");
  World world;
  auto silent = world.client();
  REQUIRE(silent.request("draft", draft({editor(1), text(2, "b", "x")}), patience()).ok());
  REQUIRE(silent.request("heartbeat", Value::Map{{"unsaved", 2}, {"bytes", 7}}, patience()).ok());
  auto drafts = world.ask("status", Value::Map{})["drafts"];
  CHECK(drafts["unsaved_buffers"] == Value(2));
  CHECK(drafts["bytes"] == Value(7));
  auto until = patience();
  auto abandoned = [&] { return world.ask("status", Value::Map{})["drafts"]["abandoned_editors"] == Value(1); };
  while (!abandoned() && !until.over()) std::this_thread::yield();
  CHECK(abandoned());
  CHECK(world.ask("status", Value::Map{})["problems"].array()->front()["code"] == Value("editor_silent"));
  REQUIRE(silent.request("heartbeat", Value::Map{{"unsaved", 0}}, patience()).ok());
  CHECK_FALSE(abandoned());
}

TEST_CASE("what was measured is summed up by operation") {
  World world;
  for (int ms = 1; ms <= 100; ++ms) world.ask("measure", Value::Map{{"operation", "draft"}, {"ok", true}, {"ms", ms}, {"loop_ms", 0.25}, {"bytes", 10}});
  world.ask("measure", Value::Map{{"list", Value::Array{Value::Map{{"operation", "draft"}, {"ok", false}, {"ms", 1}}, Value::Map{{"operation", "/a/path"}, {"ms", 1}}}}});
  auto metrics = world.ask("metrics", Value::Map{});
  CHECK(metrics["draft"]["count"] == Value(100));
  CHECK(metrics["draft"]["failed"] == Value(1));
  CHECK(metrics["draft"]["p95_ms"] == Value(95));
  CHECK(metrics["draft"]["bytes"] == Value(1000));
  CHECK(metrics["draft"]["loop_p99_ms"] == Value(0.25));
  CHECK(metrics["/a/path"].is_nil());
  CHECK(world.ask("status", Value::Map{})["problems"].array()->front()["code"] == Value("slow"));
  world.stop();
  world.start();
  CHECK(world.ask("metrics", Value::Map{})["draft"] == metrics["draft"]);
}

TEST_CASE("all is synced when the daemon ends, and there for the next one") {
  World world;
  world.ask("draft", draft({editor(1), text(2, "b", "x")}));
  world.stop();
  world.start();
  CHECK(world.ask("draft", draft({editor(1), text(2, "b", "x"), text(3, "b", "y")}))["seq"] == Value(3));
  auto bytes = *world.disk().read(world.paths().drafts() + "/c1.journal", draft_journal_limit);
  CHECK(replay({bytes}).records == 3);
}

TEST_CASE("other editors with the file are named") {
  World world;
  auto one = world.client();
  REQUIRE(one.request("files", Value::Map{{"paths", Value::Array{"/w/a", "/w/b"}}}, patience()).ok());
  auto answer = world.ask("drafts", Value::Map{{"path", "/w/a"}});
  REQUIRE(answer["editors"].array());
  REQUIRE(answer["editors"].array()->size() == 1);
  CHECK(answer["editors"].array()->front()["pid"] == Value(static_cast<std::int64_t>(::getpid())));
  CHECK(world.ask("drafts", Value::Map{{"path", "/w/c"}})["editors"].array()->empty());
}
