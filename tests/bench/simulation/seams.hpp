// Where a simulated sync touches the world: every file-system call, start of a program, sleep, look at a clock and random number of the engine goes
// through here (the linker's --wrap, see the Makefile). In a process that joined a scheduler each such call first asks it, and waits for its
// answer: so only one process runs at a time, and the scheduler says what happens between two calls, and which of them fails or is the last.
// In every other process the calls are what they always are.
#pragma once

#include <cstdint>

namespace kra::simulation {

struct Ask {
  enum class Kind { call, start, sleep, stamp, end } kind = Kind::call;
  char call[24] = {};
  char name[360] = {};
  // stamp: which file, and the times that the system gives for its bytes and its inode. sleep: how long.
  std::uint64_t device = 0, inode = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
};

struct Answer {
  // Of a program that is started: killed before it does anything, or when all is done but nothing was said; no network; refused by a hook; all is
  // done but the answer is lost.
  enum class Act { go, kill, fail, killed_before, killed_after, offline, hook, answer_lost } act = Act::go;
  int error = 0;
  std::int64_t now_ns = 0;                     // of the simulated clock
  std::int64_t modified_ns = 0, changed_ns = 0;  // of a stamp
};

// From now on this process asks the scheduler at the other end.
void join(int channel, std::uint64_t seed, std::int64_t now_ns);
// The last word of the process.
void leave(const char* said);

// 1 January 2026, where the simulated clock begins.
inline constexpr std::int64_t first_second = 1'767'225'600;

}  // namespace kra::simulation
