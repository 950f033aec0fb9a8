// Devices with a remote between them, and on each of them writers of three kinds that save every 20 to 150 ms, while syncs run, half of which are
// killed: the program, or a git of its. At the end every line that a save had finished must be in a work tree or reachable from a reference,
// all devices must hold the same, and no sync may have failed that was left alone. The same writers beside `stash, pull, pop, commit, push`, as scripts have
// it, show that a loss would be seen.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "base/text.hpp"
#include "base/fd.hpp"
#include "os/command.hpp"
#include "tests/bench/bench.hpp"

using namespace kra;
using namespace kra::bench;
namespace fs = std::filesystem;

namespace {

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Device {
  std::string name, tree, state, runtime;
};

class Stress {
 public:
  Stress(World& world, const std::string& mode, int devices, std::uint64_t seed, bool kills, const std::string& label)
      : world_(world), mode_(mode), kills_(kills), random_(seed), base_(cat(world.path(), "/", label)) {
    fs::create_directories(base_);
    git({"init", "-q", "--bare", "-b", "main", base_ + "/r.git"}, base_);
    for (int n = 0; n < devices; ++n) {
      Device device{cat("d", n), cat(base_, "/d", n), cat(base_, "/state", n), cat(base_, "/run", n)};
      fs::create_directory(device.runtime), ::chmod(device.runtime.c_str(), 0700);
      if (n == 0) first(device);
      else git({"clone", "-q", base_ + "/r.git", device.tree}, base_);
      if (mode_ != "plain") sync(device, {"enable", "--yes", "--mode", mode_});
      devices_.push_back(std::move(device));
    }
  }

  void write_for(std::chrono::seconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    std::vector<std::thread> threads;
    for (const auto& device : devices_)
      for (int kind = 0; kind < 3; ++kind) threads.emplace_back([this, &device, kind, until, seed = random_()] { writer(device, kind, until, seed); });
    for (const auto& device : devices_) threads.emplace_back([this, &device, until, seed = random_()] { syncer(device, until, seed); });
    for (auto& thread : threads) thread.join();
  }

  // How many rounds it took until all were the same; 0 when they never were.
  int come_to_rest() {
    for (int round = 1; round <= 10; ++round) {
      bool quiet = true;
      for (const auto& device : devices_) {
        const auto outcome = sync(device, {});
        // A conflict that was kept twice is done.
        failed_ += outcome.status != 0;
        quiet = quiet && outcome.output.starts_with("nothing");
        if (outcome.status != 0) std::fprintf(stderr, "%s: %d %s%s\n", device.name.c_str(), outcome.status, outcome.output.c_str(), outcome.errors.c_str());
      }
      if (quiet) return round;
    }
    return 0;
  }

  bool same() {
    for (const auto& device : devices_) {
      const auto outcome = run({.argv = {"diff", "-r", "-x", ".git", devices_[0].tree, device.tree}}, Patience::of(Milliseconds(60'000)));
      if (!outcome || outcome->status != 0) return std::fprintf(stderr, "%s differs:\n%.2000s\n", device.name.c_str(), outcome ? outcome->output.c_str() : ""), false;
      for (const char* sign : {"MERGE_HEAD", "rebase-merge", "index.lock", "HEAD.lock"})
        if (fs::exists(cat(device.tree, "/.git/", sign))) return std::fprintf(stderr, "%s is left on %s\n", sign, device.name.c_str()), false;
    }
    return true;
  }

  // Lines that were saved and are nowhere.
  int lost() {
    const auto missing = lost_lines();
    for (const auto& token : missing) std::fprintf(stderr, "lost: %s\n", token.c_str());
    return static_cast<int>(missing.size());
  }
  std::vector<std::string> lost_lines() {
    std::set<std::string> found;
    for (const auto& device : devices_) {
      for (const auto& entry : fs::recursive_directory_iterator(device.tree))
        if (entry.is_regular_file() && entry.path().string().find("/.git/") == std::string::npos) take_lines(slurp(entry.path()), found);
      if (mode_ != "plain")
        for (const auto& store : fs::directory_iterator(device.state + "/git")) take_objects(store.path().string() + "/objects.git", found);
      take_objects(device.tree + "/.git", found);
    }
    take_objects(base_ + "/r.git", found);
    std::vector<std::string> missing;
    for (const auto& token : saved_)
      if (!found.contains(token)) missing.push_back(token);
    return missing;
  }
  int in_trees() {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(devices_[0].tree))
      if (entry.is_regular_file() && entry.path().string().find("/.git/") == std::string::npos) take_lines(slurp(entry.path()), found);
    return static_cast<int>(found.size());
  }
  int saves() const { return static_cast<int>(saved_.size()); }
  int failed() const { return failed_; }
  int syncs() const { return syncs_; }
  int killed() const { return killed_; }

 private:
  std::string git(std::vector<std::string> words, const std::string& directory) {
    words.insert(words.begin(), "git");
    auto outcome = run({.argv = words, .directory = directory}, Patience::of(Milliseconds(60'000)));
    return outcome ? outcome->output : "";
  }

  void first(const Device& device) {
    fs::create_directory(device.tree);
    git({"init", "-q", "-b", "main"}, device.tree), git({"remote", "add", "origin", base_ + "/r.git"}, device.tree);
    for (const char* name : {"append", "inplace", "rename"}) std::ofstream(cat(device.tree, "/", name)) << "first line\n";
    git({"add", "-A"}, device.tree), git({"-c", "user.name=T", "-c", "user.email=t@t", "commit", "-qm", "first"}, device.tree);
    git({"push", "-qu", "origin", "main"}, device.tree);
  }

  Command command(const Device& device, std::vector<std::string> words) const {
    words.insert(words.begin(), {world_.kra(), "sync"});
    return {.argv = words,
            .environment = {"KRA_STATE_DIR=" + device.state, "KRA_RUNTIME_DIR=" + device.runtime, "KRA_CONFIG_DIR=" + base_ + "/config"},
            .directory = fs::exists(device.tree) ? device.tree : base_};
  }
  Outcome sync(const Device& device, std::vector<std::string> words) const {
    auto outcome = run(command(device, std::move(words)), Patience::of(Milliseconds(60'000)));
    return outcome ? *outcome : Outcome{.status = 99, .errors = outcome.error().what};
  }

  void saved(const std::string& token) {
    std::lock_guard held(lock_);
    saved_.insert(token);
  }

  void writer(const Device& device, int kind, std::chrono::steady_clock::time_point until, std::uint64_t seed) {
    static const char* names[] = {"append", "inplace", "rename"};
    const auto path = cat(device.tree, "/", names[kind]);
    std::mt19937_64 random(seed);
    for (int n = 0; std::chrono::steady_clock::now() < until; ++n) {
      const auto token = cat(device.name, "-", names[kind], "-", n);
      if (kind == 0 ? append(path, token) : kind == 1 ? in_place(path, token, random) : rename(path, token, random)) saved(token);
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 130));
    }
  }
  static bool append(const std::string& path, const std::string& token) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const auto line = token + "\n";
    return fd && ::write(fd.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }
  static std::string with_line(const std::string& text, const std::string& token, std::mt19937_64& random) {
    auto at = text.empty() ? 0 : text.find('\n', random() % text.size());
    at = at == std::string::npos ? text.size() : at + (text.empty() ? 0 : 1);
    return text.substr(0, at) + token + "\n" + text.substr(at);
  }
  static bool in_place(const std::string& path, const std::string& token, std::mt19937_64& random) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) return false;
    std::string text(static_cast<std::size_t>(::lseek(fd.get(), 0, SEEK_END)), '\0');
    if (::pread(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return false;
    text = with_line(text, token, random);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return ::pwrite(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  }
  static bool rename(const std::string& path, const std::string& token, std::mt19937_64& random) {
    const auto text = with_line(slurp(path), token, random), next = path.substr(0, path.rfind('/')) + "/.rename.tmp";
    {
      Fd fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
      if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return false;
    }
    return ::rename(next.c_str(), path.c_str()) == 0;
  }

  // One pass of a script as many have it. What it stashes counts as kept for as long as a reference or a reflog has it.
  void plain_pass(const Device& device) {
    static const char* script =
        "git stash push -q -u; git pull -q --no-rebase --no-edit; git stash pop -q; git add -A; git -c user.name=T -c user.email=t@t commit -q -m auto; git push -q";
    (void)run({.argv = {"sh", "-c", script}, .environment = {"GIT_AUTHOR_NAME=T", "GIT_AUTHOR_EMAIL=t@t", "GIT_COMMITTER_NAME=T", "GIT_COMMITTER_EMAIL=t@t"}, .directory = device.tree},
              Patience::of(Milliseconds(60'000)));
  }

  void syncer(const Device& device, std::chrono::steady_clock::time_point until, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int n = 0; std::chrono::steady_clock::now() < until; ++n) {
      ++syncs_;
      if (mode_ == "plain") {
        plain_pass(device);
      } else if (kills_ && n % 2 == 1) {
        kill_one(device, random);
      } else if (const auto outcome = sync(device, {}); outcome.status != 0 && outcome.status != 4 && outcome.status != 75) {
        ++failed_;
        std::fprintf(stderr, "%s: %d %s%s\n", device.name.c_str(), outcome.status, outcome.output.c_str(), outcome.errors.c_str());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 300));
    }
  }

  // The program itself, or a git that it started.
  void kill_one(const Device& device, std::mt19937_64& random) {
    auto words = command(device, {});
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (const auto& variable : words.environment) ::putenv(const_cast<char*>(variable.c_str()));
      const int nothing = ::open("/dev/null", O_RDWR);
      for (int fd = 0; fd < 3; ++fd) ::dup2(nothing, fd);
      if (::chdir(words.directory.c_str()) == 0) ::execl(world_.kra().c_str(), "kra", "sync", nullptr);
      ::_exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    const auto children = split_numbers(slurp(cat("/proc/", pid, "/task/", pid, "/children")));
    if (!children.empty() && random() % 2 == 0) ::kill(children.front(), SIGKILL);
    else ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    ++killed_;
  }
  static std::vector<pid_t> split_numbers(const std::string& text) {
    std::istringstream in(text);
    std::vector<pid_t> numbers;
    for (pid_t number; in >> number;) numbers.push_back(number);
    return numbers;
  }

  static void take_lines(const std::string& text, std::set<std::string>& found) {
    for (const auto line : split(text, "\n"))
      if (line.starts_with('d')) found.emplace(line);
  }
  void take_objects(const std::string& directory, std::set<std::string>& found) {
    const auto list = git({"--git-dir", directory, "rev-list", "--objects", "--all", "--reflog"}, base_);
    std::string wanted;
    for (const auto line : split(list, "\n")) wanted += cat(line.substr(0, line.find(' ')), "\n");
    auto outcome = run({.argv = {"git", "--git-dir", directory, "cat-file", "--batch"}, .input = wanted, .output_limit = 1ULL << 31}, Patience::of(Milliseconds(120'000)));
    if (outcome) take_lines(outcome->output, found);
  }

  World& world_;
  std::string mode_;
  bool kills_;
  std::mt19937_64 random_;
  std::string base_;
  std::vector<Device> devices_;
  std::mutex lock_;
  std::set<std::string> saved_;
  std::atomic<int> failed_{0}, syncs_{0}, killed_{0};
};

}  // namespace

int main(int argc, char** argv) {
  const auto mode = mode_of(argc, argv);
  World world;
  bool met = true;
  const int most = mode.sample ? 2 : 5;
  for (int devices = 2; devices <= most; devices += 3)
    for (const char* kind : {"shadow", "track"})
      for (const bool kills : {false, true}) {
        if (mode.sample && kills != (std::string_view(kind) == "track")) continue;
        Stress stress(world, kind, devices, mode.seed, kills, cat(kind, devices, kills ? "k" : ""));
        stress.write_for(std::chrono::seconds(mode.sample ? 4 : 60));
        const int rounds = stress.come_to_rest();
        const int lost = stress.lost();
        std::fprintf(stderr, "%s, %d devices%s: %d saves, %d of them in the trees, %d syncs, %d killed, %d failed, at rest after %d rounds\n", kind, devices,
                     kills ? ", kills" : "", stress.saves(), stress.in_trees(), stress.syncs(), stress.killed(), stress.failed(), rounds);
        const auto what = cat(devices, " devices, ", kind, kills ? ", every second sync killed" : "");
        met &= report(mode, {.bar = "saves lost: " + what, .figure = static_cast<double>(lost), .limit = 0, .unit = "lost", .n = stress.saves(), .timed = false});
        met &= report(mode, {.bar = "syncs failed, or devices not the same: " + what,
                             .figure = static_cast<double>(stress.failed() + (rounds == 0) + !stress.same()),
                             .limit = 0,
                             .unit = "failures",
                             .n = stress.syncs(),
                             .timed = false});
      }
  Stress plain(world, "plain", 2, mode.seed, false, "plain");
  plain.write_for(std::chrono::seconds(mode.sample ? 4 : 60));
  const auto gone = static_cast<int>(plain.lost_lines().size());
  std::fprintf(stderr, "plain: %d saves, %d of them nowhere, %d passes\n", plain.saves(), gone, plain.syncs());
  met &= report(mode, {.bar = "saves lost by stash, pull, pop, push: 2 devices (a loss is seen)", .figure = static_cast<double>(gone), .limit = 1, .unit = "lost", .n = plain.saves(), .at_least = true});
  return met ? 0 : 1;
}
