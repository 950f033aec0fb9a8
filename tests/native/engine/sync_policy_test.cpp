// What a sync of mode track does with the user's hooks and signatures, and with two devices that do not agree.
#include <cstdlib>

#include "tests/native/sync_devices.hpp"

using namespace kra;

namespace {

void program(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << "#!/bin/sh\n" << text;
  ::chmod(path.c_str(), 0755);
}

// The user's own git settings for as long as it lives.
struct UserSettings {
  Scratch scratch;
  std::string before = std::getenv("XDG_CONFIG_HOME") ? std::getenv("XDG_CONFIG_HOME") : "";
  explicit UserSettings(const std::string& text) {
    std::filesystem::create_directory(scratch / "git");
    std::ofstream(scratch / "git/config") << text;
    ::setenv("XDG_CONFIG_HOME", scratch.path().c_str(), 1);
  }
  ~UserSettings() {
    if (before.empty()) ::unsetenv("XDG_CONFIG_HOME");
    else ::setenv("XDG_CONFIG_HOME", before.c_str(), 1);
  }
};

constexpr const char* signs = "cat >/dev/null\nprintf '\\n[GNUPG:] SIG_CREATED x\\n' >&2\nprintf -- '-----BEGIN PGP SIGNATURE-----\\n\\nfake\\n-----END PGP SIGNATURE-----\\n'\n";

}  // namespace

TEST_CASE("commits are signed as the policy says", "[sync]") {
  Devices devices("track");
  UserSettings user(cat("[gpg]\n\tprogram = ", devices.remote / "sign", "\n"));
  program(devices.remote / "sign", signs);
  const auto signature = [&] { return devices.a.git({"cat-file", "commit", "HEAD"}).find("gpgsig") != std::string::npos; };
  devices.a.write("f", "2\n");
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(!signature());
  devices.settings.sync.sign = "require";
  devices.a.write("f", "3\n");
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(signature());
  CHECK(devices.a.git({"log", "-1", "--format=%an %s"}).starts_with("A kra: "));
  devices.settings.sync.sign = "never";
  devices.a.git({"config", "commit.gpgsign", "true"});
  Devices inherits("track");
  inherits.a.git({"config", "commit.gpgsign", "true"});
  inherits.a.write("f", "2\n");
  CHECK(inherits.sync(inherits.a).state == "synced");
  CHECK(inherits.a.git({"cat-file", "commit", "HEAD"}).find("gpgsig") != std::string::npos);
}

TEST_CASE("what cannot be signed waits beside the branch", "[sync]") {
  Devices devices("track");
  UserSettings user(cat("[gpg]\n\tprogram = ", devices.remote / "sign", "\n"));
  program(devices.remote / "sign", "echo 'no key is there' >&2\nexit 2\n");
  devices.settings.sync.sign = "require";
  const auto head = devices.a.git({"rev-parse", "HEAD"});
  devices.a.write("f", "2\n");
  auto report = devices.sync(devices.a);
  CHECK(report.state == "waiting");
  CHECK(report.why.find("could not be signed") != std::string::npos);
  CHECK(devices.a.git({"rev-parse", "HEAD"}) == head);
  CHECK(devices.a.git({"--git-dir", devices.remote / "r.git", "show", "refs/kra/dev/dev-a/main:f"}) == "2\n");
  program(devices.remote / "sign", signs);
  CHECK(devices.sync(devices.a).state == "synced");
  CHECK(devices.a.git({"--git-dir", devices.remote / "r.git", "show", "main:f"}) == "2\n");
}

TEST_CASE("hooks run as the policy says, and never on the live index", "[sync]") {
  for (const char* policy : {"none", "verify", "full"}) {
    INFO(policy);
    Devices devices("track");
    devices.settings.sync.hooks = policy;
    const auto note = [&](const char* name) { return cat("echo ", name, " $GIT_INDEX_FILE >>", devices.remote / "ran", "\n"); };
    program(devices.a.at(".git/hooks/pre-push"), cat(note("pre-push"), "read -r a b c d; echo \"$a $c $1\" >>", devices.remote / "ran", "\n"));
    program(devices.a.at(".git/hooks/pre-commit"), cat(note("pre-commit"), "git diff --cached --name-only HEAD >>", devices.remote / "ran", "\n"));
    program(devices.a.at(".git/hooks/commit-msg"), cat(note("commit-msg"), "echo more >>\"$1\"\n"));
    devices.a.write("f", "2\n");
    CHECK(devices.sync(devices.a).state == "synced");
    std::ostringstream ran;
    ran << std::ifstream(devices.remote / "ran").rdbuf();
    const bool full = policy == std::string("full");
    CHECK((ran.str().find("refs/heads/main refs/heads/main origin\n") != std::string::npos) == (policy != std::string("none")));
    CHECK((ran.str().find("pre-commit") != std::string::npos) == full);
    CHECK((ran.str().find("\nf\n") != std::string::npos) == full);
    CHECK((devices.a.git({"log", "-1", "--format=%B"}).find("\nmore\n") != std::string::npos) == full);
    CHECK(ran.str().find(".git/index") == std::string::npos);
  }
}

TEST_CASE("a hook that refuses, hangs or changes", "[sync]") {
  Devices devices("track");
  program(devices.a.at(".git/hooks/pre-push"), "echo 'tests fail' >&2\nexit 1\n");
  const auto head = devices.a.git({"rev-parse", "HEAD"});
  devices.a.write("f", "2\n");
  auto report = devices.sync(devices.a);
  CHECK(report.state == "hook");
  CHECK(report.why == "the hook pre-push refused it: tests fail");
  CHECK(devices.a.git({"rev-parse", "HEAD"}) == head);
  auto place = find_repository(devices.a.disk, devices.a.root);
  program(devices.a.at(".git/hooks/pre-push"), "sleep 60\n");
  CHECK(read_record(devices.a.disk, devices.a.paths, *place).error().fault == Fault::conflict);
  REQUIRE(write_record(devices.a.disk, devices.a.paths, *new_record(devices.a.disk, *place, "track")));
  devices.settings.sync.hook_timeout = Milliseconds(100);
  report = devices.sync(devices.a);
  CHECK(report.state == "hook");
  CHECK(report.why == "the hook pre-push did not end in 100 ms");
  // What one hook may do is no matter of mode shadow.
  Devices shadow;
  shadow.sync(shadow.a);
  program(shadow.a.at(".git/hooks/pre-push"), "exit 1\n");
  shadow.a.write("f", "2\n");
  CHECK(shadow.sync(shadow.a).state == "synced");
}

TEST_CASE("two devices that change a file back and forth", "[sync]") {
  Devices devices;
  std::string held;
  for (int n = 0; n < 8 && held.empty(); ++n) {
    for (auto* world : {&devices.a, &devices.b}) {
      devices.sync(*world);
      // What came in is formatted again by this device.
      world->write("f", world == &devices.a ? "tabs\n" : "spaces\n");
      const auto report = devices.sync(*world);
      for (const auto& path : report.held) held = path.why;
    }
  }
  CHECK(held.find("changes it back") != std::string::npos);
  devices.a.write("else", "goes on\n");
  devices.settle();
  CHECK(devices.b.read("else") == "goes on\n");
  CHECK(devices.sync(devices.a, {.confirmed = true}).held.empty());
  CHECK(devices.sync(devices.b, {.confirmed = true}).held.empty());
}
