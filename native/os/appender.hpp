// A file that is only ever added to, kept open between two additions: a record costs a write, and the first of a turn a lock.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace kra {

class Appender {
 public:
  virtual ~Appender() = default;

  // Whether the turn is given back at once, or kept for what is added next: until rest(), while others wait.
  enum class Turn { given_back, kept };
  // Adds `bytes` in one piece: writers of other processes wait their turn (an flock on the file), and a file that was replaced under this
  // name is found and used. After failure the turn is given back and the file has the length that it had; busy: another writer held it for 200 ms.
  virtual Result<void> append(std::string_view bytes, Turn turn = Turn::given_back) = 0;
  // Gives the turn back. Nothing to give is fine. On the thread that appends.
  virtual void rest() {}
  // What was added before this call began survives a power cut. From any thread. After an Error this object must not be used again: the
  // kernel tells of a lost page once, and a second sync would lie.
  virtual Result<void> sync() = 0;
};

}  // namespace kra
