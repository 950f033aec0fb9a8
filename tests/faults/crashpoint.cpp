// crashpoint --work DIR --seed CMD --run CMD --verify CMD --mode MODE [--sticky] [--from K] [--to K] [--step K] [--least N]
//            [--mount OPTIONS]
//
// SEED makes a starting state below $CP_STATE; RUN changes it and prints `ACK n` after each change that it claims durable; VERIFY looks at
// what a stop left and at the acknowledgements in $CP_OUT: exit 0 intact, 1 lost or corrupt, 2 readable but an acknowledged change is
// missing. RUN is tried once undisturbed, which counts its file-system calls, and then once for each of them from the same
// starting state. MODE: kill, torn, an errno (ENOSPC EIO EDQUOT EROFS EACCES EINTR), or power and power-flush (on an ext4 image of its own,
// mounted with OPTIONS; one more point lies after the end of RUN, where only what is durable is left).
//
// Prints one line of JSON. Exit 0: every point was reached and intact; 1: some were not; 3: the harness itself failed; 77: cannot be done here.
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "support/image.hpp"
#include "support/tracer.hpp"

extern char** environ;

namespace fs = std::filesystem;
using namespace kra::faults;

namespace {

struct Options {
  std::string work, seed, run, verify, mode = "kill", mount = "commit=300";
  bool sticky = false;
  long from = 1, to = 0, step = 1, least = 1;
  int seconds = 20;
  bool power() const { return mode.compare(0, 5, "power") == 0; }
};

struct Tally {
  long points = 0, tried = 0, lost = 0, missing = 0, not_reached = 0, hung = 0;
  std::map<std::string, long> tried_per_call, bad_per_call;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "crashpoint: %s\n", why.c_str());
  std::exit(3);
}

int shell(const std::string& command) {
  const char* argv[] = {"sh", "-c", command.c_str(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char**>(argv), environ) != 0) fail("no /bin/sh");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string content_of(const fs::path& tree) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(tree)) {
    std::ostringstream bytes;
    if (entry.is_regular_file()) bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    files[entry.path().string()] = bytes.str();
  }
  std::string all;
  for (const auto& [path, bytes] : files) all += path + '\0' + bytes + '\0';
  return all;
}

class Session {
 public:
  explicit Session(Options options) : options_(std::move(options)) {
    fs::create_directories(options_.work);
    // Through a symbolic link no path would ever match, and every run would pass.
    work_ = fs::canonical(options_.work);
    if (options_.power()) image_.emplace(work_, options_.mount);
    state_ = (image_ ? image_->path() : work_) / "state", base_ = work_ / "base", out_ = work_ / "out";
    setenv("CP_STATE", state_.c_str(), 1);
    setenv("CP_OUT", out_.c_str(), 1);
    setenv("CP_MODE", options_.mode.c_str(), 1);
  }

  Tally everything() {
    prepare();
    long last = options_.to > 0 ? std::min(options_.to, tally_.points) : tally_.points;
    for (long k = options_.from; k <= last; k += options_.step) try_point(k);
    return tally_;
  }

 private:
  void restore() {
    if (image_) return image_->restore();
    fs::remove_all(state_);
    fs::copy(base_, state_, fs::copy_options::recursive);
  }

  Outcome traced(const Stop& stop) { return run_traced(options_.run, state_.string(), out_.string(), stop, options_.seconds); }

  void prepare() {
    fs::remove_all(state_);
    fs::remove_all(base_);
    fs::create_directories(state_);
    setenv("CP_POINT", "0", 1);
    if (int status = shell(options_.seed)) fail("seed: exit " + std::to_string(status));
    fs::copy(state_, base_, fs::copy_options::recursive);
    if (image_) image_->keep(), image_->restore();
    auto before = content_of(state_);
    auto outcome = traced({});
    if (outcome.status != 0 || outcome.hung) fail("undisturbed run: exit " + std::to_string(outcome.status));
    if (!outcome.forbidden.empty()) fail("the harness cannot see " + outcome.forbidden);
    if (content_of(state_) == before) fail("the run changed nothing");
    if (int status = shell(options_.verify)) fail("verify after the undisturbed run: exit " + std::to_string(status));
    if (outcome.points < options_.least) fail("only " + std::to_string(outcome.points) + " points");
    tally_.points = outcome.points + (image_ ? 1 : 0);
  }

  void cut_power() {
    if (!image_->cut(options_.mode == "power-flush")) fail("the file system was not shut down");
  }

  Stop stop_at(long k) {
    static const std::map<std::string, int> errors{{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT},
                                                   {"EROFS", EROFS},   {"EACCES", EACCES}, {"EINTR", EINTR}};
    if (options_.mode == "kill") return {Stop::Kind::kill, k};
    if (options_.mode == "torn") return {Stop::Kind::torn, k};
    if (image_) return {Stop::Kind::kill, k, 0, false, [this] { cut_power(); }};
    auto error = errors.find(options_.mode);
    if (error == errors.end()) fail("no mode " + options_.mode);
    return {Stop::Kind::error, k, error->second, options_.sticky};
  }

  void try_point(long k) {
    restore();
    setenv("CP_POINT", std::to_string(k).c_str(), 1);
    auto outcome = traced(stop_at(k));
    if (image_ && !outcome.reached && k == outcome.points + 1) {
      cut_power();
      outcome.reached = true;
      outcome.call = "(end)";
    }
    if (image_) image_->start_again();
    // Programs that wait for each other make some calls more or fewer each time: a run that was over before its last points is judged as it ended.
    if (!outcome.reached && outcome.status == 0 && outcome.points >= tally_.points * 9 / 10) outcome.reached = true, outcome.call = "(end)";
    if (!outcome.reached) {
      ++tally_.not_reached;
      return;
    }
    ++tally_.tried;
    ++tally_.tried_per_call[outcome.call];
    if (outcome.hung) ++tally_.hung;
    int status = shell(options_.verify);
    if (status == 0 && !outcome.hung) return;
    ++(status == 2 ? tally_.missing : tally_.lost);
    ++tally_.bad_per_call[outcome.call];
    std::fprintf(stderr, "%s%s point %ld: %s %s: %s (exit %d)\n", options_.mode.c_str(), options_.sticky ? " sticky" : "", k, outcome.call.c_str(),
                 outcome.path.c_str(), outcome.hung ? "hung" : status == 2 ? "acknowledged, missing" : "lost", status);
  }

  Options options_;
  fs::path work_, state_, base_, out_;
  std::optional<Image> image_;
  Tally tally_;
};

Options parse(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string*> texts{{"--work", &options.work}, {"--seed", &options.seed}, {"--run", &options.run},
                                            {"--verify", &options.verify}, {"--mode", &options.mode}, {"--mount", &options.mount}};
  std::map<std::string, long*> numbers{{"--from", &options.from}, {"--to", &options.to}, {"--step", &options.step}, {"--least", &options.least}};
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--sticky") options.sticky = true;
    else if (i + 1 == argc) fail("what is " + word + "?");
    else if (texts.count(word)) *texts[word] = argv[++i];
    else if (numbers.count(word)) *numbers[word] = std::atol(argv[++i]);
    else fail("what is " + word + "?");
  }
  if (options.work.empty() || options.run.empty() || options.verify.empty() || options.from < 1 || options.step < 1) fail("--work, --run and --verify are needed");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = parse(argc, argv);
  if (auto missing = options.power() ? Image::what_is_missing() : ""; !missing.empty()) {
    std::fprintf(stderr, "skip: %s\n", missing.c_str());
    return 77;
  }
  auto tally = Session(options).everything();
  for (const auto& [call, tried] : tally.tried_per_call) std::fprintf(stderr, "  %-12s %4ld points %4ld bad\n", call.c_str(), tried, tally.bad_per_call[call]);
  std::printf("{\"mode\":\"%s%s\",\"calls\":%ld,\"points\":%ld,\"bad\":%ld,\"lost\":%ld,\"missing\":%ld,\"not_reached\":%ld,\"hung\":%ld}\n", options.mode.c_str(),
              options.sticky ? " sticky" : "", tally.points, tally.tried, tally.lost + tally.missing, tally.lost, tally.missing, tally.not_reached,
              tally.hung);
  return tally.lost + tally.missing + tally.not_reached + tally.hung > 0 || tally.tried == 0;
}
