#include "peers/git_clone.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.hpp"
#include "os/job.hpp"
#include "peers/git_run.hpp"
#include "wire/messages.hpp"

namespace kra {

namespace {

bool has_control_bytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
}

// As git has it: "host:path" and "scheme://" are elsewhere, a colon after a slash belongs to a path.
bool is_relative_path(std::string_view remote) {
  const auto colon = remote.find(':');
  return !remote.starts_with('/') && (colon == remote.npos || remote.find('/') < colon);
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

// What this clone makes until it is whole: in the nearest directory that there is, and taken away again unless it was finished.
class Beside {
 public:
  Beside(Disk& disk, const std::string& root) : disk_(disk), root_(root), above_(directory_part(root)) {
    auto there = above_;
    while (there != "/" && !is_there(there)) there = directory_part(there);
    path_ = cat(there == "/" ? "" : there, "/.kra-clone-", new_uuid());
  }
  ~Beside() { (void)disk_.remove_tree(path_).ok(); }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  const std::string& path() const { return path_; }
  Result<void> finish() {
    // Not those of the Disk: these directories are the user's, with the user's modes.
    std::error_code trouble;
    std::filesystem::create_directories(above_, trouble);
    if (trouble) return Error{Fault::io, cat(printable(above_), ": ", trouble.message())};
    return disk_.rename(path_, root_);
  }

 private:
  Disk& disk_;
  const std::string& root_;
  std::string above_, path_;
};

// The exit status of git, which has had the terminal.
Result<int> run_on(const Terminal& terminal, const Program& program) {
  JobControl control;
  const auto ours = terminal.modes();
  auto job = TRY(Job::start(program, terminal));
  // Nobody is there to whom a stopped clone could give the terminal.
  while (job.wait_until_stopped()) job.go_on(terminal);
  terminal.give_to(::getpgrp());
  terminal.set_modes(ours);
  return job.status();
}

// The branch that the panes were on, when the remote has it. Whatever stands against it, the clone is good.
std::string go_to_branch(Disk& disk, const std::string& path, const std::string& branch) {
  constexpr Milliseconds switch_time{600'000};
  auto head = disk.read(path + "/.git/HEAD", 4096);
  if (branch.empty() || branch.starts_with('-') || (head && *head == cat("ref: refs/heads/", branch, "\n"))) return "";
  const Git git(path + "/.git", path);
  auto outcome = git.run({.arguments = {"switch", "-q", "--guess", branch}, .network = true}, Patience::of(switch_time));
  if (outcome && outcome->status == 0) return "";
  return cat("it is not on its branch ", printable(branch), ": ", outcome ? git_words(*outcome) : outcome.error().what);
}

}  // namespace

Result<std::string> clone_source(const Repository& repository) {
  const auto& remote = repository.remote;
  if (remote.empty() || remote.starts_with('-') || has_control_bytes(remote)) return Error{Fault::refused, cat("no address to clone from: ", printable(remote))};
  if (!is_relative_path(remote)) return remote;
  return std::filesystem::path(cat(repository.root, "/", remote)).lexically_normal().string();
}

std::vector<std::string> clone_words(const std::string& source, const std::string& directory, bool progress) {
  auto words = git_frame(true).argv;
  // Its own first entry of the reflog is the user's.
  words.insert(words.end(), {"-c", "core.logAllRefUpdates=true", "clone", "-q"});
  if (progress) words.emplace_back("--progress");
  // Through a transport, also from a path: files are not taken over as they lie there.
  words.insert(words.end(), {"--no-local", "--no-recurse-submodules", "--", source, directory});
  return words;
}

Result<std::string> clone_repository(Disk& disk, const Repository& repository, const Terminal& terminal) {
  auto source = TRY(clone_source(repository));
  if (!repository.root.starts_with('/') || repository.root.ends_with('/')) return Error{Fault::refused, cat("no place to clone to: ", printable(repository.root))};
  if (is_there(repository.root)) return Error{Fault::conflict, cat(printable(repository.root), " is there, and no directory")};
  Beside beside(disk, repository.root);
  auto frame = git_frame(true);
  Program program{.argv = clone_words(source, beside.path(), ::isatty(STDERR_FILENO) == 1), .environment = frame.environment, .unset = frame.unset};
  program.environment.insert(program.environment.end(), {"GIT_TERMINAL_PROMPT=1", "GIT_PROTOCOL_FROM_USER=0"});
  const int status = TRY(run_on(terminal, program));
  if (status > 128) return Error{Fault::timed_out, "stopped"};
  if (status != 0) return Error{Fault::io, cat("git clone ended with status ", status)};
  auto note = go_to_branch(disk, beside.path(), repository.branch);
  TRY(beside.finish());
  return note;
}

}  // namespace kra
