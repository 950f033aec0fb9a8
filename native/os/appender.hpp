// A file that is only ever added to, kept open between two additions: a record costs a write and a lock, nothing else.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace kra {

class Appender {
 public:
  virtual ~Appender() = default;

  // Adds `bytes` in one piece: writers of other processes wait their turn (an flock on the file), and a file that was replaced under this
  // name is found and used. After failure the file has the length that it had; busy: another writer held it for 200 ms.
  virtual Result<void> append(std::string_view bytes) = 0;
  // What was added before this call began survives a power cut. From any thread. After an Error this object must not be used again: the
  // kernel tells of a lost page once, and a second sync would lie.
  virtual Result<void> sync() = 0;
};

}  // namespace kra
