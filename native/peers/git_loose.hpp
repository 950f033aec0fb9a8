// Single objects of a git directory, each in a file of its own, as git keeps what it has not packed yet. Uncompressed: that is a valid stream too,
// and git packs it with its next gc.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace kra {

struct LooseObject {
  std::string oid, type, bytes;
};
// All of them are on disk when this returns; their files, in that order. One that is there already is written again: it may be what a crash left, or
// old enough for a gc to take it.
Result<std::vector<std::string>> write_loose(const std::string& git_directory, const std::vector<LooseObject>& objects);

}  // namespace kra
