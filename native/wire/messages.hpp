// What kra's own messages say, as structs (doc/protocol.md), and how an Error travels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.hpp"
#include "base/result.hpp"
#include "base/value.hpp"

namespace kra {

struct Event {
  std::string source;             // tmux, armed, cwd, editor, gone
  std::vector<std::string> args;
  std::string server;             // tmux socket; empty: outside tmux
  std::string client;             // uuid of the sender; empty: never sent twice
  std::uint64_t seq = 0;          // from 1 on, ascending for a client
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("source", self.source);
    visit("args", self.args);
    visit("server", self.server);
    visit("client", self.client);
    visit("seq", self.seq);
  }
};

// What a client says first.
struct Hello {
  std::string client;  // nvim, cli, watch, shell
  std::string id;      // a uuid of its own
  std::int64_t pid = 0;
  std::string version;
  std::vector<int> proto;  // lowest and highest that it speaks
  std::string editor, cwd, pane, tmux;
  template <class Self, class Visit>
  static void fields(Self& self, Visit visit) {
    visit("client", self.client);
    visit("id", self.id);
    visit("pid", self.pid);
    visit("version", self.version);
    visit("proto", self.proto);
    visit("editor", self.editor);
    visit("cwd", self.cwd);
    visit("pane", self.pane);
    visit("tmux", self.tmux);
  }
};

// An Error as the `error` of an answer, and back. Anything else that is no map (Neovim answers [type, text]) is told as it stands.
Value error_to_value(const Error& error);
Error error_from_value(const Value& value);

// The one map in the parameters of kra's methods; nil when there is none.
const Value& only_param(const Value& params);

// 32 hex digits, new each time.
std::string new_uuid();

// Whether release `left` is older than `right` ("0.9.2" is older than "0.10.0"). A text that is no release is older than any.
bool older_release(std::string_view left, std::string_view right);

}  // namespace kra
