// What os/live_tree*.cpp share: looking at a name, and read leases (fcntl(2), F_SETLEASE).
#pragma once

#include "os/live_tree.hpp"

namespace kra::calls {

Result<FileLook> look_at(int directory, const std::string& name, const std::string& path);
FileLook look_of(int fd);
// The same file with the same content, whatever name it has by now (a rename changes the time of change).
bool same_file(const FileLook& left, const FileLook& right);

// none: the file system has no leases, or the file is another user's. broken: somebody wants to write.
enum class LeaseState { held, none, broken };
// Asks the kernel to tell before anybody opens the file for writing. Fault::busy when somebody has it open so already.
Result<LeaseState> take_lease(int fd, const std::string& path);
LeaseState lease_state(int fd, LeaseState taken);

// The bytes of an open file, or of the link of that name. busy when it changed meanwhile.
Result<FileContent> read_stable(int directory, const std::string& name, std::uint64_t limit, const std::string& path);
// The same, with the descriptor and lease still open.
struct Held {
  FileContent content;
  Fd fd;
  LeaseState lease = LeaseState::none;
};
Result<Held> hold_file(int directory, const std::string& name, std::uint64_t limit, const std::string& path);

}  // namespace kra::calls
