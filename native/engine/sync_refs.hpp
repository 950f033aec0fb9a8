// The names under which a sync keeps what it knows of a branch in its store, and where it goes at the remote.
#pragma once

#include <string>

namespace kra {

struct SyncRefs {
  std::string base;    // what each path of the work tree came from
  std::string remote;  // the remote's commit as it was seen last
  std::string outbox;  // the commit that is to be pushed
  std::string there;   // at the remote
};
SyncRefs sync_refs(const std::string& branch, bool track);

// A branch's name as one part of a reference.
std::string ref_part(const std::string& branch);

}  // namespace kra
