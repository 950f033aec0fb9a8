// The commands that skip the command line's machinery, because they are run by hooks, or stay: called by main() before anything else.
#pragma once

namespace kra::cli {

// `kra event SOURCE [ARG…]`: for hooks. Silent, status 0 whatever happens, never waits: one message to the daemon's socket; when there is no
// daemon, a child starts one and delivers the event.
[[noreturn]] void run_event(int count, char** words);

// `kra tmux-watch`: a job of a tmux server that tells the daemon of its changes (cli/watch.cpp). Returns the exit status.
int run_watch();

}  // namespace kra::cli
