#include "os/paths.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/checksum.hpp"
#include "base/text.hpp"

namespace kra {

std::string Paths::workspaces(std::string_view server_key) const { return cat(state, "/workspaces/", server_key); }
std::string Paths::watch_lock(std::string_view server_key) const { return cat(runtime, "/watch-", server_key, ".lock"); }
std::string Paths::undo(std::string_view server_key) const { return cat(state, "/undo/", server_key); }

static std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value && value[0] == '/' ? value : "";
}

// KRA_…_DIR, else XDG_…_HOME/kra, else the default below HOME.
static std::string base_directory(const char* own, const char* xdg, const char* below_home) {
  if (auto directory = environment(own); !directory.empty()) return directory;
  if (auto directory = environment(xdg); !directory.empty()) return directory + "/kra";
  return environment("HOME") + below_home;
}

static std::string state_directory() { return base_directory("KRA_STATE_DIR", "XDG_STATE_HOME", "/.local/state/kra"); }

// A real directory, ours, that nobody else may enter.
static bool is_private(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 077) == 0;
}

static bool make_private(const std::string& path) {
  // The mode is given at creation: a chmod afterwards would leave a moment in which others may enter.
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return false;
  return is_private(path);
}

static std::string below_tmp() { return cat("/tmp/kra-", static_cast<unsigned>(::geteuid())); }

// In this order; the last one is made with its parents.
static std::vector<std::string> runtime_candidates() {
  std::vector<std::string> candidates;
  if (auto xdg = environment("XDG_RUNTIME_DIR"); is_private(xdg)) candidates.push_back(xdg + "/kra");
  candidates.push_back(below_tmp());
  return candidates;
}

static void make_parents(const std::string& path) {
  for (std::size_t at = 1; (at = path.find('/', at)) != std::string::npos; ++at) ::mkdir(path.substr(0, at).c_str(), 0700);
}

static Result<std::string> runtime_directory(const std::string& state) {
  if (auto own = environment("KRA_RUNTIME_DIR"); !own.empty()) {
    make_parents(own);
    if (make_private(own)) return own;
    return Error{Fault::refused, cat(own, " (KRA_RUNTIME_DIR) must be a directory of yours with mode 0700")};
  }
  for (const auto& candidate : runtime_candidates())
    if (make_private(candidate)) return candidate;
  auto last = state + "/run";
  make_parents(last);
  if (make_private(last)) return last;
  return Error{Fault::refused, cat(last, " must be a directory of yours with mode 0700, and no better place for the socket was found")};
}

Result<Paths> find_paths() {
  auto state = state_directory();
  if (state.front() != '/' || state.rfind("/.local", 0) == 0) return Error{Fault::usage, "HOME is not set, and neither is KRA_STATE_DIR"};
  auto config = base_directory("KRA_CONFIG_DIR", "XDG_CONFIG_HOME", "/.config/kra");
  return Paths{state, TRY(runtime_directory(state)), config};
}

std::string socket_path_for_event() {
  auto own = environment("KRA_RUNTIME_DIR");
  if (own.empty()) {
    auto xdg = environment("XDG_RUNTIME_DIR");
    own = is_private(xdg) ? xdg + "/kra" : below_tmp();
    // In /tmp anybody may have been first.
    if (own == below_tmp() && !is_private(own)) return "";
  }
  return own + "/kra.sock";
}

std::string followed(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  std::string out = real ? real : path;
  std::free(real);
  return out;
}

std::string directory_name(std::string_view text) {
  constexpr std::size_t readable = 40;
  std::string name;
  for (char c : text.substr(0, readable)) {
    bool harmless = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    name.push_back(harmless ? c : '_');
  }
  return cat(name, "-", hex(hash64(text), 16));
}

std::string generation_name(std::uint64_t counter) {
  auto digits = cat(counter);
  return std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits;
}

Result<void> check_save_name(std::string_view name) {
  auto refuse = [&](const char* why) { return Error{Fault::usage, cat("the name '", printable(name), "' ", why)}; };
  if (name.empty() || name.size() > 64) return Error{Fault::usage, "a save's name has 1 to 64 bytes"};
  if (name.front() == '-' || name.front() == '.') return refuse("must not begin with '-' or '.'");
  if (name.find_first_of("@/") != std::string_view::npos) return refuse("must not hold '@' or '/'");
  bool control = std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control) return refuse("must not hold control characters");
  return {};
}

}  // namespace kra
