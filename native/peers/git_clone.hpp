// A repository that has gone, brought back from the remote that a save knows. The only git that kra starts on a terminal of the user's.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/workspace.hpp"
#include "os/disk.hpp"
#include "os/terminal.hpp"

namespace kra {

// What git is to fetch from: the remote, one that is a relative path seen from where the repository was. refused: one that git would take
// for an option, or that holds control bytes.
Result<std::string> clone_source(const Repository& repository);
// The words that bring `source` into `directory`: no hook runs, nothing is followed into other repositories, and of git's ways to reach a remote
// none that starts a program of the address's choice.
std::vector<std::string> clone_words(const std::string& source, const std::string& directory, bool progress);

// Clones into `repository.root` and goes to its branch: beside it first, under its own name when all is there, so that nothing half stays behind.
// git shows its progress and asks for passwords on `terminal`. Gives a line to be told, or an empty one. conflict: something is at that
// place; timed_out: it was stopped (Ctrl-C); io: git failed, and has said why on the terminal.
Result<std::string> clone_repository(Disk& disk, const Repository& repository, const Terminal& terminal);

}  // namespace kra
