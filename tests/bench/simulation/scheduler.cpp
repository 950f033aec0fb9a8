#include "tests/bench/simulation/scheduler.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "engine/rollback.hpp"
#include "engine/sync_branch.hpp"
#include "os/command.hpp"

namespace kra::simulation {
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t ms = 1'000'000;
// How many calls a sync makes, about: faults fall somewhere among them.
constexpr int usual_calls = 260, usual_starts = 22;
constexpr int rounds_to_rest = 12;

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A snapshot holds the user's index, and git writes true times into that: its id is another each time.
std::string without_ids(std::string_view words) {
  if (words.starts_with("push")) return std::string(words);
  std::string text;
  for (const auto word : split(words, " ")) text += cat(word.find_first_not_of("0123456789abcdef") >= 40 ? cat("ID", word.substr(std::min<std::size_t>(word.size(), 40))) : word, " ");
  return text;
}

// What a process is to meet; nothing where it is 0.
struct Plan {
  int kill_at = 0, fail_at = 0, error = 0, start_at = 0;
  Answer::Act start_act = Answer::Act::go;
  bool clean() const { return kill_at + fail_at + start_at == 0; }
};

struct Device {
  std::string name, tree;
  Paths paths;
  SyncRecord record;
  std::unique_ptr<Writer> writer;
  std::string user_commit;  // where he left his branch
  // Of the process that runs.
  pid_t pid = 0;
  int channel = -1;
  Ask waiting;
  Plan plan;
  int calls = 0, starts = 0;
  bool exchanged = false;  // by the call before, the path `aim`
  std::string aim;
  std::string doing, said;
};

class Simulation {
 public:
  Simulation(const std::string& directory, std::uint64_t seed) : base_(directory), random_(seed) {
    track_ = below(random_, 2) == 1;
    static const std::int64_t grains[] = {1, 10 * ms, 1000 * ms, 2000 * ms};
    grain_ns_ = grains[below(random_, 4)];
    settings_.sync.conflict = {{"union", "union"}, {"**", "copy"}};
    set_up(2 + below(random_, below(random_, 2) ? 4 : 1));
  }

  Verdict run() {
    const int steps = 150 + below(random_, 350);
    for (int step = 0; step < steps; ++step) {
      pass(below(random_, 4 * ms));
      if (below(random_, 60) == 0) pass(below(random_, 4000) * ms);
      auto& device = devices_[static_cast<std::size_t>(below(random_, static_cast<int>(devices_.size())))];
      const int what = below(random_, 10);
      if (what < 3) note(device, device.writer->act(random_));
      else if (device.pid == 0) begin(device, false);
      else go_on(device, 1 + below(random_, 40));
      if (below(random_, 80) == 0) user_commits(device);
    }
    resting_ = true;
    for (auto& device : devices_) {
      while (device.pid != 0) go_on(device, 1000);
      device.writer->finish();
    }
    come_to_rest();
    judge();
    verdict_.figures.saves = saves_.all;
    return std::move(verdict_);
  }

 private:
  void wrong(std::string what) { verdict_.wrong.push_back(std::move(what)); }
  void note(const Device& device, const std::string& what) { verdict_.trace.push_back(cat(now_ns_, " ", device.name, " ", what)); }
  void pass(std::int64_t ns) { now_ns_ += ns; }

  std::string git(std::vector<std::string> words, const std::string& directory) {
    words.insert(words.begin(), {"git", "-c", "user.name=T", "-c", "user.email=t@t", "-c", "gc.auto=0"});
    const auto date = cat(first_second + now_ns_ / 1'000'000'000, " +0000");
    auto outcome = kra::run({.argv = words, .environment = {"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}, .directory = directory},
                            Patience::of(Milliseconds(60'000)));
    if (!outcome) return "";
    const auto end = outcome->output.find_last_not_of('\n');
    return outcome->output.substr(0, end == std::string::npos ? 0 : end + 1);
  }

  void set_up(int count) {
    fs::create_directories(base_);
    git({"init", "-q", "--bare", "-b", "main", base_ + "/r.git"}, base_);
    for (int n = 0; n < count; ++n) {
      const auto here = cat(base_, "/d", n);
      auto& device = devices_.emplace_back();
      device.name = cat("d", n), device.tree = here + "/tree", device.paths = {here + "/state", here + "/run", here + "/config"};
      for (const auto& path : {device.tree, device.paths.state, device.paths.runtime}) fs::create_directories(path);
      if (n == 0) {
        git({"init", "-q", "-b", "main"}, device.tree), git({"remote", "add", "origin", base_ + "/r.git"}, device.tree);
        for (const char* name : {"a", "union"}) std::ofstream(cat(device.tree, "/", name)) << "first\n";
        git({"add", "-A"}, device.tree), git({"commit", "-qm", "first"}, device.tree), git({"push", "-qu", "origin", "main"}, device.tree);
      } else {
        fs::remove(device.tree), git({"clone", "-q", base_ + "/r.git", device.tree}, base_);
      }
      device.writer = std::make_unique<Writer>(device.name, device.tree, here + "/next", saves_);
      auto place = find_repository(disk_, device.tree);
      auto record = place ? new_record(disk_, *place, track_ ? "track" : "shadow") : Result<SyncRecord>(place.error());
      if (record) device.record = *record;
      else wrong(record.error().what);
      device.user_commit = git({"rev-parse", "HEAD"}, device.tree);
    }
  }

  // --- processes ---

  Plan plan() {
    Plan plan;
    switch (below(random_, 10)) {
      case 0:
      case 1:
      case 2: plan.kill_at = 1 + below(random_, usual_calls); break;
      case 3: {
        static const int errors[] = {EIO, ENOSPC, EACCES, EMFILE, EINTR};
        plan.fail_at = 1 + below(random_, usual_calls), plan.error = errors[below(random_, 5)];
        break;
      }
      case 4:
      case 5: {
        static const Answer::Act acts[] = {Answer::Act::killed_before, Answer::Act::killed_after};
        plan.start_at = 1 + below(random_, usual_starts), plan.start_act = acts[below(random_, 2)];
        break;
      }
      case 6: {
        // At the next start that reaches the remote.
        static const Answer::Act acts[] = {Answer::Act::offline, Answer::Act::hook, Answer::Act::answer_lost};
        plan.start_at = -1, plan.start_act = acts[below(random_, 3)];
        break;
      }
      default: break;
    }
    return plan;
  }

  void begin(Device& device, bool last) {
    SyncRequest request;
    std::string doing = "sync";
    if (!last) {
      device.plan = plan();
      if (below(random_, 6) == 0) request.reason = "scheduled";
      if (below(random_, 12) == 0) doing = "snapshot";
    } else {
      device.plan = {};
    }
    device.calls = device.starts = 0, device.doing = doing, device.said.clear();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return wrong("socketpair");
    const auto seed = random_();
    device.pid = ::fork();
    if (device.pid == 0) {
      ::close(ends[0]);
      join(ends[1], seed, now_ns_);
      leave(work(device, doing, request).c_str());
      ::_exit(0);
    }
    ::close(ends[1]);
    device.channel = ends[0];
    ++verdict_.figures.syncs;
    note(device, cat("begin ", doing, " ", request.reason));
    hear(device);
  }

  // In the process of its own.
  std::string work(const Device& device, const std::string& doing, const SyncRequest& request) {
    SystemDisk disk;
    const auto patience = Patience::of(Milliseconds(60'000));
    auto place = find_repository(disk, device.tree);
    if (!place) return "error " + place.error().what;
    auto store = SyncStore::open(disk, device.paths, *place, patience);
    if (!store) return "error " + store.error().what;
    if (doing == "snapshot") {
      auto taken = take_snapshot(*store, {}, patience);
      return taken ? "snapshot" : "error " + taken.error().what;
    }
    auto report = sync_tree(*store, device.record, device.name, request, settings_, patience);
    if (!report) return "error " + report.error().what;
    return cat(report->state, " ", report->commit, " ", report->why);
  }

  // Until it asks for something that is decided on, or has ended.
  void hear(Device& device) {
    while (true) {
      Ask ask;
      const auto got = ::recv(device.channel, &ask, sizeof ask, 0);
      if (got != sizeof ask) return ended(device);
      Answer answer{.now_ns = now_ns_};
      if (ask.kind == Ask::Kind::stamp) {
        answer.modified_ns = stamp(ask.device, ask.inode, ask.modified_ns), answer.changed_ns = stamp(ask.device, ask.inode, ask.changed_ns);
      } else if (ask.kind == Ask::Kind::end) {
        device.said = ask.name;
      } else {
        device.waiting = ask;
        return;
      }
      ::send(device.channel, &answer, sizeof answer, MSG_NOSIGNAL);
    }
  }

  std::int64_t stamp(std::uint64_t device, std::uint64_t inode, std::int64_t real_ns) {
    const auto now = first_second * 1'000'000'000 + now_ns_;
    return stamps_.emplace(std::tuple(device, inode, real_ns), now - now % grain_ns_).first->second;
  }

  void ended(Device& device) {
    int status = 0;
    ::waitpid(device.pid, &status, 0);
    ::close(device.channel);
    const bool killed = WIFSIGNALED(status);
    if (killed) await_orphans(device);
    note(device, cat("end ", killed ? "killed" : device.said));
    if (killed && device.plan.kill_at == 0) wrong(cat(device.name, " died by signal ", WTERMSIG(status)));
    if (!killed && WEXITSTATUS(status) != 0) wrong(cat(device.name, " ended with ", WEXITSTATUS(status)));
    const auto state = device.said.substr(0, device.said.find(' '));
    static const std::set<std::string> good{"synced", "nothing", "pending", "waiting", "snapshot"};
    // Without a fault of ours it may only be in the way of the user's git.
    if (!killed && device.plan.clean() && !good.contains(state)) wrong(cat(device.name, " without a fault: ", device.said));
    device.pid = 0;
  }

  // Just before and just after a name is exchanged or taken away is where a save hurts most.
  void aim(Device& device, const Ask& ask) {
    const std::string_view call(ask.call);
    const bool now = call == "renameat2" || call == "unlinkat", before = std::exchange(device.exchanged, now);
    if (now) device.aim = Writer::path_of(ask.name);
    if ((now || before) && !device.aim.empty() && !resting_ && below(random_, 3) == 0) note(device, device.writer->act(random_, device.aim));
  }

  // The gits of one that was killed end when they notice; until then they keep its lock.
  static void await_orphans(const Device& device) {
    std::error_code none;
    for (const auto& store : fs::directory_iterator(device.paths.state + "/git", none)) {
      const Fd lock(::open((store.path() / "lock").c_str(), O_RDONLY | O_CLOEXEC));
      if (lock) ::flock(lock.get(), LOCK_EX);
    }
  }

  void go_on(Device& device, int calls) {
    for (; calls > 0 && device.pid != 0; --calls) {
      const auto ask = device.waiting;
      aim(device, ask);
      Answer answer;
      if (ask.kind == Ask::Kind::sleep) pass(ask.modified_ns), calls = 1;
      else decide(device, ask, answer);
      if (calls % 8 == 0) pass(ms / 5);
      answer.now_ns = now_ns_;
      ++verdict_.figures.calls;
      ::send(device.channel, &answer, sizeof answer, MSG_NOSIGNAL);
      hear(device);
    }
  }

  void decide(Device& device, const Ask& ask, Answer& answer) {
    ++device.calls;
    auto& plan = device.plan;
    if (device.calls == plan.kill_at) answer.act = Answer::Act::kill, ++verdict_.figures.kills;
    if (ask.kind == Ask::Kind::call && plan.fail_at > 0 && device.calls >= plan.fail_at && std::string_view(ask.call) != "fstatat") {
      answer.act = Answer::Act::fail, answer.error = plan.error, plan.fail_at = -1, ++verdict_.figures.faults;
    }
    if (ask.kind == Ask::Kind::start) {
      ++device.starts;
      const std::string_view name(ask.name);
      const bool remote = name.starts_with("ls-remote") || name.starts_with("push") || (name.starts_with("fetch") && name.find("r.git") != name.npos);
      const bool here = plan.start_at == device.starts || (plan.start_at == -1 && remote && (plan.start_act == Answer::Act::offline || name.starts_with("push")));
      // One that stays and is talked with would be waited for.
      const bool stays = name.starts_with("fast-import") || name.starts_with("cat-file") || name.starts_with("update-ref");
      if (here && stays && plan.start_act == Answer::Act::killed_after) plan.start_act = Answer::Act::killed_before;
      if (here && answer.act == Answer::Act::go) answer.act = plan.start_act, plan.start_at = -2, ++verdict_.figures.faults;
    }
    note(device, cat(ask.call, " ", without_ids(ask.name), answer.act == Answer::Act::go ? "" : cat(" ! ", static_cast<int>(answer.act), " ", answer.error)));
  }

  void user_commits(Device& device) {
    // A commit of his beside a sync that moves the branch is what `track` waits for; in the middle of ours git would say that there is a lock.
    git({"commit", "-qam", "by hand"}, device.tree);
    device.user_commit = git({"rev-parse", "HEAD"}, device.tree);
    note(device, "commit " + device.user_commit);
  }

  // --- the end ---

  void come_to_rest() {
    for (int round = 0; round < rounds_to_rest; ++round) {
      bool quiet = true;
      for (auto& device : devices_) {
        pass(3000 * ms);
        begin(device, true);
        while (device.pid != 0) go_on(device, 1000);
        quiet = quiet && device.said.starts_with("nothing");
      }
      if (quiet) return;
    }
    wrong("no rest");
  }

  void judge() {
    std::map<std::string, std::string> first;
    std::string all;
    for (auto& device : devices_) {
      std::map<std::string, std::string> files;
      for (auto it = fs::recursive_directory_iterator(device.tree); it != fs::recursive_directory_iterator(); ++it) {
        const auto path = it->path().lexically_relative(device.tree).string();
        if (path == ".git") it.disable_recursion_pending();
        else if (it->is_symlink()) files[path] = "-> " + fs::read_symlink(it->path()).string();
        else if (it->is_regular_file()) files[path] = cat((it->status().permissions() & fs::perms::owner_exec) != fs::perms::none ? "x " : "- ", slurp(it->path().string()));
      }
      if (&device == &devices_.front()) {
        first = files;
        for (const auto& [path, bytes] : files) verdict_.trace.push_back(cat("file ", path, " ", bytes)), all += bytes.substr(2) + "\n";
      } else if (files != first) {
        wrong(device.name + " differs from " + devices_.front().name + tell_difference(first, files));
      }
      judge_repository(device);
    }
    std::set<std::string> there;
    for (const auto line : split(all, "\n")) there.emplace(line);
    for (const auto& line : saves_.wanted)
      if (!there.contains(line)) wrong("lost: " + line);
  }
  static std::string tell_difference(const std::map<std::string, std::string>& left, const std::map<std::string, std::string>& right) {
    for (const auto& [path, bytes] : left)
      if (const auto other = right.find(path); other == right.end() || other->second != bytes) return " at " + path;
    return " by more files";
  }

  void judge_repository(Device& device) {
    const auto git_directory = device.tree + "/.git";
    for (const auto& directory : {git_directory, device.paths.state})
      for (const auto& entry : fs::recursive_directory_iterator(directory))
        if (entry.path().extension() == ".lock") wrong("left: " + entry.path().string());
    if (fs::exists(git_directory + "/kra/slots") && !fs::is_empty(git_directory + "/kra/slots")) wrong(device.name + ": a slot is not empty");
    const auto head = git({"rev-parse", "HEAD"}, device.tree), staged = git({"diff", "--cached", "--name-only"}, device.tree);
    if (!staged.empty()) wrong(device.name + " has staged " + staged);
    if (!track_ && head != device.user_commit) wrong(device.name + ": the branch was moved");
    if (track_) {
      if (head != git({"rev-parse", "main"}, base_ + "/r.git")) wrong(device.name + ": the branch is not where the remote is");
      if (const auto status = git({"status", "--porcelain"}, device.tree); !status.empty()) wrong(device.name + " is not clean: " + status);
    }
    if (const auto fsck = git({"fsck", "--full", "--connectivity-only"}, device.tree); fsck.find("missing") != std::string::npos) wrong(device.name + ": " + fsck);
    verdict_.trace.push_back(cat("head ", head));
  }

  std::string base_;
  Random random_;
  bool track_ = false, resting_ = false;
  std::int64_t now_ns_ = 0, grain_ns_ = 1;
  SystemDisk disk_;
  Settings settings_;
  Saves saves_;
  std::vector<Device> devices_;
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::int64_t>, std::int64_t> stamps_;
  Verdict verdict_;
};

}  // namespace

Verdict simulate(const std::string& directory, std::uint64_t seed) { return Simulation(directory, seed).run(); }

}  // namespace kra::simulation
