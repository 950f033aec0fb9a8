// A generation of a workspace as it lies on disk: a fixed header, then a MessagePack body (doc/format.md). This file knows the header
// and its checks; packing the body is the engine's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/workspace.hpp"

namespace kra {

// What is told about a generation besides the workspace itself.
struct Stamp {
  std::uint64_t generation = 0;
  std::int64_t saved_at = 0;   // WallTime
  std::string reason;          // manual, autosave, flush, exit, replaced, import
  std::string message;         // of `save --message`
  std::string server;          // tmux socket it was saved from
  std::string release;         // of the kra that wrote it
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("generation", self.generation);
    visit("saved_at", self.saved_at);
    visit("reason", self.reason);
    visit("message", self.message);
    visit("server", self.server);
    visit("release", self.release);
  }
};

struct Generation {
  Stamp stamp;
  Workspace workspace;
};

constexpr std::uint16_t stored_version = 1;
constexpr std::uint64_t stored_limit = 256U << 20;

// The body with its header in front.
std::string sealed(std::string_view body);
// The body of a sealed file. corrupt: damaged or torn; refused: written by a newer version, which is named.
Result<std::string_view> unsealed(std::string_view file);

}  // namespace kra
