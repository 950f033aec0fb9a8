#include "peers/tmux_client.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <initializer_list>

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

bool one_is_in(const std::string& errors, std::initializer_list<std::string_view> sayings) {
  return std::any_of(sayings.begin(), sayings.end(), [&](std::string_view said) { return errors.find(said) != std::string::npos; });
}

bool server_is_gone(const std::string& errors) {
  return one_is_in(errors, {"no server running", "error connecting to", "lost server", "server exited"});
}

// The server runs on, but this client cannot talk with it: tmux was replaced since it was started.
bool server_is_of_another_release(const std::string& errors) {
  return one_is_in(errors, {"server version is too old", "protocol version mismatch"});
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
  if (outcome.status == 0) return outcome;
  const auto said = cat("tmux: ", printable(outcome.errors.substr(0, outcome.errors.find('\n'))));
  if (server_is_gone(outcome.errors)) return Error{Fault::unavailable, said};
  if (server_is_of_another_release(outcome.errors))
    return Error{Fault::refused, cat(said, "; the server is of another release: put the tmux that started it first in PATH, or start the server anew")};
  return outcome;
}

}  // namespace kra
