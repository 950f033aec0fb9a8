// Three gits that stay: one reads objects, one writes them, one moves references. Each is started by its first question and started anew
// when it ended. What they know about a git directory stays right while nobody else takes packs out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/conversation.hpp"
#include "peers/git_run.hpp"

namespace kra {

class GitSession {
 public:
  // `git` tells where; it must not have a session itself.
  explicit GitSession(Git git) : git_(std::move(git)) {}
  GitSession(const GitSession&) = delete;
  GitSession& operator=(const GitSession&) = delete;
  ~GitSession() { close(); }

  struct Object {
    std::string oid, type;   // empty: not there
    std::uint64_t size = 0;  // of the bytes
    std::string bytes;       // when they were asked for
  };
  // By any name that git knows, in that order.
  Result<std::vector<Object>> objects(const std::vector<std::string>& names, bool with_bytes, const Patience& patience);
  // Only into a git directory that nobody else writes to. A stream of git fast-import, and `answers` lines that it makes. All of it is on disk when this returns; the references that its commits name
  // are not moved.
  // `later`: it is on disk, and there for others, no sooner than the next call of this session; when that fails it never was.
  Result<std::vector<std::string>> import(std::string_view stream, std::size_t answers, const Patience& patience, bool later = false);
  // Lines of `git update-ref --stdin`; all or none.
  Result<void> change_refs(std::string_view lines, const Patience& patience);
  // They end, each after what it is doing.
  void close();

 private:
  Result<Conversation*> start(std::optional<Conversation>& with, std::vector<std::string> arguments);
  template <class Answer>
  Result<Answer> or_drop(std::optional<Conversation>& with, Result<Answer> answer);
  Result<std::vector<Object>> ask(Conversation& reader, const std::vector<std::string>& names, bool with_bytes, const Patience& patience);
  Result<std::vector<std::string>> write(Conversation& writer, std::string_view stream, std::size_t answers, const Patience& patience, bool later);
  Result<void> bring_to_disk(const Patience& patience);
  Result<void> move(Conversation& mover, std::string_view lines, const Patience& patience);

  Git git_;
  std::optional<Conversation> reader_, writer_, mover_;
  std::size_t imports_ = 0;
  bool owes_ = false;  // the writer has something that is not on disk
};

}  // namespace kra
