// A line on the terminal while something takes long, gone when it is done.
#pragma once

#include <string>
#include <thread>

namespace kra::cli {

// Says "kra: WHAT, 3 s" on stderr from half a second on, where that is a terminal; takes the line away at its end.
class Progress {
 public:
  explicit Progress(std::string what);

 private:
  std::jthread thread_;
};

}  // namespace kra::cli
