// A program that is asked more than once: started by the same rules as run(), it answers on its standard output until we end it.
#pragma once

#include <string>
#include <string_view>

#include "os/spawn.hpp"

namespace kra {

class Conversation {
 public:
  static Result<Conversation> start(const Command& command);
  Conversation(Conversation&& other) noexcept;
  Conversation& operator=(Conversation&&) = delete;
  // Killed with its group when it was not ended.
  ~Conversation();

  // After an Error nothing more can be said: io when it has ended (with its last words), timed_out when the patience was over.
  // Everything is taken in by its stream; what it answers meanwhile is kept.
  Result<void> say(std::string_view bytes, const Patience& patience);
  // Up to the next newline, which is left out.
  Result<std::string> line(const Patience& patience);
  // Exactly so many bytes.
  Result<std::string> bytes(std::size_t count, const Patience& patience);
  // Nothing more is said; its exit status once it has ended by itself.
  Result<int> end(const Patience& patience);

 private:
  Conversation(std::string name, Spawned child) : name_(std::move(name)), child_(std::move(child)) {}
  Result<void> turn(std::string_view& to_say, const Patience& patience);
  Result<void> more(const Patience& patience);
  Error ended() const;
  std::string take(std::size_t count);

  std::string name_;
  Spawned child_;
  std::string heard_, errors_;
  std::size_t at_ = 0;  // of what was heard, that was given out
};

}  // namespace kra
