#include "peers/tmux_client.hpp"

#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/text.hpp"
#include "os/paths.hpp"

namespace kra {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What the daemon is told must mean the same there.
std::string absolute(const std::string& path) {
  char here[PATH_MAX];
  return path.starts_with('/') || ::getcwd(here, sizeof here) == nullptr ? path : cat(here, "/", path);
}

// As tmux does it, so that a server has one name from inside and from outside.
std::string resolved(const std::string& directory) {
  char real[PATH_MAX];
  return ::realpath(directory.c_str(), real) == nullptr ? directory : real;
}

// A server that is started by this client hands its environment to every pane: what is ours, or the caller's editor's, stays out.
const std::vector<std::string>& not_for_a_server() {
  static const std::vector<std::string> names = {"TMUX", "TMUX_PANE", "NVIM", "KRA_SHELL", "KRA_RESTORE", "KRA_EDITOR", "KRA_GENERATION"};
  return names;
}

bool server_is_gone(const std::string& errors) {
  for (std::string_view said : {"no server running", "error connecting to", "lost server", "server exited", "server version is too old"}) {
    if (errors.find(said) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string TmuxServer::key() const { return directory_name(socket); }

TmuxServer find_server(const std::string& socket_path, const std::string& socket_name) {
  TmuxServer server;
  if (const auto program = environment("KRA_TMUX"); !program.empty()) server.program = program;
  const auto tmux = environment("TMUX");
  auto directory = environment("TMUX_TMPDIR");
  if (directory.empty()) directory = "/tmp";
  if (!socket_path.empty()) {
    server.socket = absolute(socket_path);
  } else if (socket_name.empty() && !tmux.empty()) {
    // PATH,PID,SESSION: the path itself may hold a comma.
    server.socket = tmux.substr(0, tmux.rfind(',', tmux.rfind(',') - 1));
  } else {
    server.socket = cat(resolved(directory), "/tmux-", ::getuid(), "/", socket_name.empty() ? "default" : socket_name);
  }
  return server;
}

Result<Outcome> tmux_client(const TmuxServer& server, const std::vector<std::string>& words, std::string input, const Patience& patience) {
  Command command{.argv = {server.program, "-u", "-S", server.socket}, .unset = not_for_a_server(), .input = std::move(input)};
  if (!server.config.empty()) command.argv.insert(command.argv.end(), {"-f", server.config});
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  auto outcome = TRY(run(command, patience));
  if (outcome.status != 0 && server_is_gone(outcome.errors)) {
    return Error{Fault::unavailable, cat("tmux: ", printable(outcome.errors.substr(0, outcome.errors.find('\n'))))};
  }
  return outcome;
}

}  // namespace kra
