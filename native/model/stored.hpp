// A generation of a workspace as it lies on disk: a fixed header, then a front (who, when, how many) and a body (the workspace), both
// MessagePack (doc/format.md). This file knows the header and its checks; packing is the engine's.
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
  std::string reason;          // manual, autosave, flush, exit, replaced, fresh, import
  std::string message;         // of `save --message`
  std::string server;          // tmux socket it was saved from
  std::string release;         // of the kra that wrote it
  std::string cwd = {};        // of the editor, where it is the session of one
  friend bool operator==(const Stamp&, const Stamp&) = default;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("generation", self.generation);
    visit("saved_at", self.saved_at);
    visit("reason", self.reason);
    visit("message", self.message);
    visit("server", self.server);
    visit("release", self.release);
    visit("cwd", self.cwd);
  }
};

struct Generation {
  Stamp stamp;
  Workspace workspace;
};

constexpr std::uint16_t stored_version = 1;
constexpr std::size_t stored_header = 36;
constexpr std::uint64_t stored_front_limit = 16U << 10;
constexpr std::uint64_t stored_limit = 64U << 20;  // of the whole file

// Header, front and body in one string.
std::string sealed(std::string_view front, std::string_view body);

// Views into the file that was given.
struct Unsealed {
  std::string_view front;
  std::string_view body;
};
// Every byte is checked. corrupt: damaged or torn; refused: written by a newer version, which is named.
Result<Unsealed> unsealed(std::string_view file);

struct UnsealedFront {
  std::string_view front;
  std::uint64_t file_bytes = 0;  // that the whole file must have
};
// The same of the front alone, from the first stored_header + stored_front_limit bytes of a file or more.
Result<UnsealedFront> unsealed_front(std::string_view beginning);

}  // namespace kra
