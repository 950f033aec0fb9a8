// What goes over the network: asking a remote for one reference, fetching it, pushing it. Always by the address, never with force. The user's
// own git settings count (credentials, ssh), those of the repository do not.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/sync_store.hpp"

namespace kra {

// How a try that failed is to be taken: offline may be tried again by itself, the others need the user.
enum class RemoteTrouble { none, moved, offline, refused_access, refused_hook, refused_quota, other };
std::string_view trouble_name(RemoteTrouble trouble);  // "offline", "access", …

struct RemoteAnswer {
  RemoteTrouble trouble = RemoteTrouble::none;
  std::string words;  // of git, when there is trouble
  std::string oid;    // of the reference, "" when the remote has none
};

// Errors only where no git could be run; whatever the remote did wrong is in the answer.
Result<RemoteAnswer> ask_remote(SyncStore& store, const std::string& url, const std::string& ref, const Patience& patience);
// After it the store has the commit, under `into`.
Result<RemoteAnswer> fetch_remote(SyncStore& store, const std::string& url, const std::string& ref, const std::string& into, const Patience& patience);
// moved: somebody else was faster, or history went another way. `expected`: the remote must still have this there, and `commit` follows upon it.
// `meanwhile` is done here while the push is on its way, whatever comes of it.
Result<RemoteAnswer> push_remote(SyncStore& store, const std::string& url, const std::string& commit, const std::string& ref, const Patience& patience,
                                 const std::string& expected = {}, std::function<void()> meanwhile = {});

RemoteTrouble trouble_of(std::string_view words);

}  // namespace kra
