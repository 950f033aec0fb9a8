// What the user's repository is given of the store.
#pragma once

#include <string>
#include <vector>

#include "engine/sync_store.hpp"

namespace kra {

// After it the user's repository has these commits, with everything that they need, and these blobs, as far as the store has them. A little is
// written without starting a git.
Result<void> give_objects(SyncStore& store, const std::vector<std::string>& commits, const std::vector<std::string>& blobs, const Patience& patience);

// What was given, for one who gives the same again: no reference holds it until then, and the user's gc may take it.
struct Given {
  std::string commit;
  std::vector<std::string> files;  // all that it takes, where it is known
};
// As give_objects(), unless that is what `given` says and all of it is still there.
Result<void> give_commit(SyncStore& store, const std::string& commit, Given& given, const Patience& patience);

}  // namespace kra
