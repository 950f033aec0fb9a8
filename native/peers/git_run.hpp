// The one function that starts git. The flags that make a repository's own hooks, monitors, filters and limits harmless, and the environment
// without anybody's GIT_ variables, are fixed here; callers add a subcommand and its arguments.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/command.hpp"

namespace kra {

struct GitCall {
  std::vector<std::string> arguments;  // the subcommand first
  std::string input = {};
  std::vector<std::string> environment = {};  // GIT_INDEX_FILE=… and the like
  // The user's own settings (credentials, ssh, rewriting of addresses) count; the repository's never do, since the git directory is ours.
  bool network = false;
  std::uint64_t output_limit = 1ULL << 30;
  std::function<void()> meanwhile = {};  // done while it works (os/command.hpp)
};

// How every git is started: the words before the subcommand, and what becomes of the environment.
struct GitFrame {
  std::vector<std::string> argv, environment, unset;
};
GitFrame git_frame(bool network);

class GitSession;

class Git {
 public:
  explicit Git(std::string git_directory, std::string work_tree = {}) : directory_(std::move(git_directory)), work_tree_(std::move(work_tree)) {}

  // While a child lives, what `fd` locks stays locked, also after we were killed.
  void guard(int fd) { guard_ = fd; }
  const std::string& directory() const { return directory_; }
  const std::string& work_tree() const { return work_tree_; }

  // A session that answers instead of a git of its own for each question (peers/git_session.hpp); none: nullptr.
  void talk_through(std::shared_ptr<GitSession> session) { session_ = std::move(session); }
  GitSession* session() const { return session_.get(); }

  // How that call is made.
  Command command(GitCall call) const;
  // Errors as those of kra::run(); a git that ended with another status than 0 is none.
  Result<Outcome> run(GitCall call, const Patience& patience) const;
  // What it printed; Fault::io with git's own words when its status is not 0.
  Result<std::string> ask(GitCall call, const Patience& patience) const;

 private:
  std::string directory_, work_tree_;
  int guard_ = -1;
  std::shared_ptr<GitSession> session_;
};

// The last line of what git said that tells why, without its "fatal: ".
std::string git_words(const Outcome& outcome);
// What the git on PATH calls itself, as {2, 39, 5}; unavailable when there is none, or none that kra can use (2.38 and newer).
Result<std::vector<int>> git_version(const Patience& patience);

}  // namespace kra
