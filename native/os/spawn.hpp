// Starting another program with our ends of its streams; engine of os/command and os/conversation.
#pragma once

#include <sys/types.h>

#include "base/fd.hpp"
#include "os/command.hpp"

namespace kra {

struct Spawned {
  pid_t pid = 0;
  Fd in, out, err;  // ours; none of them blocks
};
// `talks`: its standard input is a stream of ours, else /dev/null. Errors as those of run().
Result<Spawned> spawn(const Command& command, bool talks);
// Waits for its end: the exit status, or 128 + signal.
int reap(pid_t pid);

// What can be read now goes to the end of `into`, up to a little above `limit`; `from` is closed when nothing more will come.
Result<void> drain(Fd& from, std::string& into, std::size_t limit);
// What can be written now is; what is left of it comes back. Nothing is left of a stream that nobody reads any more.
std::string_view feed(Fd& to, std::string_view bytes);

}  // namespace kra
